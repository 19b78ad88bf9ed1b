package wait

import "time"

// Tries is what has failed in a row of one piece of work at one source. It travels with that
// piece, from one worker to the next; the zero value is that of a piece nobody has tried.
type Tries struct {
	Source     int           // where; what it says of others is nothing
	Attempts   int           // failures that count, without progress worth the name
	Refusals   int           // times that it was put off, without a byte
	Probes     int           // times that its origin was found to serve nobody
	TooMany    int           // times that it was one request too many beside others of its file
	TurnedAway int           // the latest of those in which it was turned away without a word
	Until      time.Duration // not to be asked for there before
}

// At is when the piece may be asked for at a source, as far as its own failures tell.
func (t Tries) At(source int) time.Duration {
	if t.Source != source {
		return 0
	}
	return t.Until
}
