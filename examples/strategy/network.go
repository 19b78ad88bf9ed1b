package main

import (
	"time"

	"github.com/littledl/littledl"
)

const (
	mib = 1 << 20
	gib = 1 << 30
)

// network is a line and what four connections over it have shown.
type network struct {
	name, about string
	measured    littledl.NetworkProfile
}

// networks differ in what limits a download.
func networks() []network {
	measured := func(rtt time.Duration, total, fastest, stability float64) littledl.NetworkProfile {
		return littledl.NetworkProfile{RTT: rtt, Connections: 4, TotalSpeed: total * mib, MaxSpeed: fastest * mib, Stability: stability}
	}
	const ms = time.Millisecond
	return []network{
		{"unmeasured", "nothing is known yet", littledl.NetworkProfile{}},
		{"throttled", "a server that gives each connection 2 MiB/s", measured(40*ms, 8, 2, 1)},
		{"far", "round trips of 300 ms; a window of 256 KiB is 0.85 MiB/s", measured(300*ms, 3.4, 0.85, 1)},
		{"shared", "12 MiB/s in sum; one connection alone gets 5", measured(30*ms, 12, 5, 1)},
		{"capped", "6 MiB/s in sum, which one connection fills", measured(30*ms, 6, 6, 1)},
		{"unsteady", "a mobile network, 1.5 MiB/s each, coming and going", measured(80*ms, 6, 1.5, 0.2)},
		{"fast", "the next rack: 110 MiB/s each", measured(ms, 440, 110, 1)},
	}
}

// decide is what the selector says of a file that can be had in ranges.
func (n network) decide(sel *littledl.StrategySelector, size int64) littledl.StyleDecision {
	return sel.SelectStyleFor(sel.AnalyzeFile("", size, true), n.measured)
}
