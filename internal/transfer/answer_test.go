package transfer

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/exchange"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/segment"
	"github.com/littledl/littledl/internal/task"
)

// inParts is a file of 1000 bytes, of which as many workers as there are parts have one each.
func inParts(e *Engine, src *source, parts int) (*File, []*segment.Segment) {
	f := &File{e: e, t: &task.Task{}}
	f.pin, f.sources, f.plan = &httprange.Pin{Size: 1000}, []*source{src}, segment.New(&segment.Config{Least: 1})
	f.rec.Init(1, e.Limits)
	f.plan.SetSources(1)
	f.plan.Round()
	f.plan.Sized(1000, true)
	f.plan.LayOut(segment.Layout{Segments: parts, Workers: parts}, nil, segment.Now{Limit: parts, MayGrow: true})
	var taken []*segment.Segment
	for range parts {
		taken = append(taken, f.plan.Take(segment.Worker{}, time.Now()))
	}
	return f, taken
}

// TestRangeBesideAnEnd: a range that arrives while another worker finds out that there are
// no ranges, or that the file has changed, is not taken for a file that is complete.
func TestRangeBesideAnEnd(t *testing.T) {
	e, _ := engine(t)
	u := &url.URL{Scheme: "http", Host: "files.test"}
	src := &source{Source: exchange.Source{URL: u}, host: e.Origins.Of(u)}
	for name, late := range map[string]func(f *File, x *answer){
		"before its body": func(f *File, x *answer) {
			f.stream, f.err = true, errDecide
			require.ErrorIs(t, x.place(false, u), errDecide)
		},
		"behind its body": func(f *File, x *answer) {
			require.NoError(t, x.place(false, u))
			f.plan.Wrote(x.s, 0, 100)
			f.stream, f.err = true, errDecide
			require.NoError(t, x.wholeEnded())
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, parts := inParts(e, src, 10)
			x := &answer{f: f, s: parts[0], src: src, ask: exchange.Ask{URL: u}, ctx: t.Context(), v: httprange.Verdict{Kind: httprange.Accept, Offset: 0, Take: 100}}
			late(f, x)
			require.False(t, f.completeLocked())
			require.EqualValues(t, 1000, f.pin.Size)
		})
	}
}
