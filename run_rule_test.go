package littledl

import (
	"context"
	"math"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/httprange"
)

// lateContext has ended, but says so only when it is asked a second time.
type lateContext struct {
	context.Context
	asked int
}

func (c *lateContext) Err() error {
	if c.asked++; c.asked == 1 {
		return nil
	}
	return c.Context.Err()
}

// TestEndBetweenTwoLooks: an end that comes while the dispatcher is at work wakes it,
// however early.
func TestEndBetweenTwoLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, err := NewBatchDownloader()
		require.NoError(t, err)
		_, err = d.AddURL("http://files.test/a")
		require.NoError(t, err)
		require.NoError(t, d.Pause()) // nothing is to begin
		ctx, cancel := context.WithCancel(t.Context())
		r, err := d.begin(ctx)
		require.NoError(t, err)
		cancel()
		r.ctx = &lateContext{Context: r.ctx}
		r.dispatch() // or it waits for ever, which the bubble finds out
		_ = r.close()
	})
}

// TestRangeBesideAnEnd: a range that arrives while a colleague finds out that there are
// no ranges, or that the file has changed, is not taken for a file that is complete.
func TestRangeBesideAnEnd(t *testing.T) {
	d, err := NewBatchDownloader()
	require.NoError(t, err)
	r, err := newRun(t.Context(), d)
	require.NoError(t, err)
	defer r.close()
	src := &source{u: &url.URL{Scheme: "http", Host: "files.test"}}
	ranged := httprange.Verdict{Kind: httprange.Accept, Offset: 0, Take: 100}
	for name, late := range map[string]func(f *file, x *exchange){
		"before its body": func(f *file, x *exchange) {
			f.stream, f.err = true, errRestart
			require.ErrorIs(t, f.place(x, ranged, src.u), errRestart)
		},
		"behind its body": func(f *file, x *exchange) {
			require.NoError(t, f.place(x, ranged, src.u))
			x.s.pos = 100
			f.stream, f.err = true, errRestart
			require.NoError(t, f.bodyEnd(x, nil, ranged))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := &file{r: r, workers: 2}
			f.pin = &httprange.Pin{Size: 1000}
			f.sources = []*source{src}
			x := &exchange{f: f, s: &segment{end: 100}, src: src, ctx: t.Context()}
			late(f, x)
			require.False(t, f.completeLocked())
			require.EqualValues(t, 1000, f.pin.Size)
		})
	}
}

// TestChangeSeenTwice: several connections that meet the same change have met one.
func TestChangeSeenTwice(t *testing.T) {
	d, err := NewBatchDownloader()
	require.NoError(t, err)
	r, err := newRun(t.Context(), d)
	require.NoError(t, err)
	defer r.close()
	f := &file{r: r, t: &task{}, workers: 3}
	f.ctx, f.cancel = context.WithCancelCause(t.Context())
	src := &source{}
	f.sources = []*source{src}
	f.pin = &httprange.Pin{Size: 1000}
	for range 3 {
		s := &segment{}
		f.running = append(f.running, s)
		require.Nil(t, attempt{f: f, s: s, src: src}.changed(&answerError{status: 206}))
	}
	require.Equal(t, 1, f.changes)
	require.False(t, f.stream)
	require.Equal(t, errRestart, f.err)
	require.Empty(t, f.running[1:])
}

// TestWhatIsUsual: where all that is left crawls, what went before is the measure.
func TestWhatIsUsual(t *testing.T) {
	now := time.Now()
	f := &file{lately: 4e6}
	f.running = []*segment{{rate: 1e5, firstByte: now}, {rate: 2e5, firstByte: now}}
	require.EqualValues(t, 4e6, f.usualLocked())
	f.running[0].rate, f.running[1].rate = 6e6, 6e6
	require.EqualValues(t, 6e6, f.usualLocked())
}

// TestNoAnswerIsSlow: who has waited for a first byte for long has all the time left that
// there is, so that somebody is set on it.
func TestNoAnswerIsSlow(t *testing.T) {
	now := time.Now()
	s := &segment{end: 1000, asked: now, overdue: now.Add(answerTime), cancel: func(error) {}}
	require.EqualValues(t, 10, s.timeLeft(now, 100))
	require.True(t, math.IsInf(s.timeLeft(now.Add(2*answerTime), 100), 1))
}
