package exchange

import (
	"github.com/littledl/littledl/internal/event"
	"github.com/littledl/littledl/internal/fetch"
)

// tellRequest tells of a request that is about to be made, and returns its number.
func (c *Client) tellRequest(a *Ask) int64 {
	if c.conf.Events == nil {
		return 0
	}
	e := event.Event{
		Kind: event.Request, TaskID: a.Source.Task, Source: a.Source.URL.String(), Origin: a.Origin.Name(), Request: c.requests.Add(1),
		Length: -1,
	}
	if a.Ranged {
		if e.Offset = a.Lo; a.Hi >= 0 {
			e.Length = a.Hi - a.Lo
		}
	}
	c.conf.Events.Tell(e)
	return e.Request
}

// tellResponse tells of the head of its answer, or that there is none.
func (c *Client) tellResponse(s *Source, request int64, res *fetch.Response, err error) {
	if c.conf.Events == nil {
		return
	}
	e := event.Event{Kind: event.Response, TaskID: s.Task, Source: s.URL.String(), Request: request, Err: err, Length: -1}
	if res != nil && err == nil {
		e.Origin, e.Status, e.Protocol, e.Length = fetch.Origin(res.URL), res.StatusCode, res.Proto, res.ContentLength
	}
	c.conf.Events.Tell(e)
}
