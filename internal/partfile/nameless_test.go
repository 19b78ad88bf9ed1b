package partfile

// Nameless is TryNameless, or else Create, as whoever wants a part of one answer does it.
func (d *Dir) Nameless(name, key string) (*Part, error) {
	if p, err := d.TryNameless(name, func() string { return key }); p != nil || err != nil {
		return p, err
	}
	return d.Create(name, key)
}
