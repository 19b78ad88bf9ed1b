package segment

// Measure is what the connections of a file have shown of the network.
type Measure struct {
	Connections int     // that were in use for Total; 0: nothing was measured
	Total       float64 // bytes/s of all of them while they flowed steadily
	Fastest     float64 // bytes/s of the fastest one ever
}

// Measured is what has been measured since the transfer began.
func (p *Plan) Measured() Measure {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.measure
}

// observe takes the measure of the connections as they are.
func (p *Plan) observe(now Now) {
	if now.Capacity != nil { // of several hosts, which tells nothing of any
		return
	}
	flowing, total := 0, 0.0
	for _, s := range p.running {
		if s.flowing(now.Time) < steadyTime {
			continue
		}
		flowing++
		total += s.rate
		p.measure.Fastest = max(p.measure.Fastest, s.rate)
	}
	if flowing > 0 && flowing == len(p.running) {
		p.measure.Connections, p.measure.Total = flowing, total
	}
}

// Speed is the bytes/s of all connections together.
func (p *Plan) Speed() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	speed := 0.0
	for _, s := range p.running {
		speed += s.rate
	}
	return speed
}
