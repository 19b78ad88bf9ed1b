package littledl_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// failed says that this is an error that Start may return.
func (w *world) failed(err error) {
	if err != nil && !errors.As(err, new(*littledl.BatchError)) && !errors.Is(err, littledl.ErrCancelled) && !errors.Is(err, errEnough) {
		w.Errorf("%v", err)
	}
}

func (w *world) startOnce(last bool) {
	ctx, cancel := context.WithCancelCause(w.Context())
	defer cancel(nil)
	end := []func(){func() { w.d.Cancel() }, func() { cancel(errEnough) }}[w.rnd.IntN(2)]
	if last {
		end = func() { w.d.Stop() }
	}
	if !last || w.rnd.IntN(3) == 0 {
		defer time.AfterFunc(w.dices(4000), end).Stop()
	}
	w.within("Start", func() { w.failed(w.d.Start(ctx)) })
}

// serveOnce is Serve until all has settled, or is ended.
func (w *world) serveOnce(last bool) {
	ctx, cancel := context.WithCancelCause(w.Context())
	end, want := func() { w.d.Cancel() }, littledl.ErrCancelled
	if w.half() {
		end, want = func() { cancel(errEnough) }, errEnough
	}
	if last {
		end, want = func() { w.d.Stop() }, nil
	}
	early := w.rnd.IntN(3) == 0
	done := make(chan error, 1)
	go func() { done <- w.d.Serve(ctx) }()
	if early {
		time.Sleep(w.dices(5000))
	} else {
		time.Sleep(31 * time.Second)
		w.within("WaitIdle", func() { require.NoError(w, w.d.WaitIdle(w.Context())) })
		s := w.d.GetStats()
		require.Zero(w, s.ActiveFiles, "idle")
		require.Zero(w, s.PendingFiles, "idle")
		require.Zero(w, s.ActiveThreads, "idle")
	}
	end()
	w.within("Serve", func() {
		if err := <-done; !errors.Is(err, want) {
			w.Errorf("%v instead of %v", err, want)
		}
	})
	cancel(nil)
}

// look checks what must be so whenever nothing runs.
func (w *world) look() {
	s := w.d.GetStats()
	require.Zero(w, s.ActiveThreads)
	require.Zero(w, s.ActiveFiles)
	counts := map[littledl.FileTaskStatus]int{}
	for _, t := range w.d.GetAllTasks() {
		counts[t.Status]++
	}
	require.Zero(w, s.PendingFiles)
	if w.conf.ForgetEnded {
		require.Empty(w, counts)
		return
	}
	require.Equal(w, s.CompletedFiles, counts[littledl.StatusCompleted])
	require.Equal(w, s.FailedFiles, counts[littledl.StatusFailed])
	require.Equal(w, s.TotalFiles, len(w.d.GetAllTasks()))
	require.Less(w, len(w.srv.Requests()), 3000)
	for _, h := range w.d.GetHosts() {
		require.Zero(w, h.InFlight, h.Origin)
	}
}

// judge checks what has come of it all.
func (w *world) judge() {
	per := 1
	if w.streams {
		if per = w.conf.StreamsPerConnection; per == 0 && !w.plain {
			per = 4
		}
		per = max(per, 1)
	}
	if w.rival == nil {
		most := w.threads
		if w.plain { // SetLimits may allow five files of five requests
			most = max(most, 25)
		}
		require.LessOrEqual(w, w.srv.MaxInFlight(), most*per)
		for key, h := range w.conf.Hosts {
			if h.MaxConnections > 0 {
				require.LessOrEqual(w, w.srv.MaxInFlightAt(key), h.MaxConnections*per, key)
			}
			w.paced(key, h.Interval)
		}
	}
	for _, t := range w.d.GetAllTasks() {
		w.right(t)
	}
	if w.rival != nil {
		for _, t := range w.rival.GetAllTasks() {
			w.right(t)
		}
	}
}

// paced checks that no more has been asked in any five seconds than an interval allows.
func (w *world) paced(origin string, every time.Duration) {
	if every == 0 || w.conf.StreamsPerConnection > 1 && w.streams {
		return
	}
	var at []time.Time
	for _, r := range w.srv.Requests() {
		if strings.TrimSuffix(strings.TrimSuffix(r.Origin, ":80"), ":443") == origin {
			at = append(at, r.Start)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	n := int(5*time.Second/every) + 2 + w.threads
	for i := n; i < len(at); i++ {
		require.Greater(w, at[i].Sub(at[i-n]), 5*time.Second, origin)
	}
}

// right checks what a task that has ended has made.
func (w *world) right(t littledl.FileTask) {
	o := t.Tag.(*offered)
	is := func(got []byte) bool {
		if t.IsCompleted() {
			return w.among(got, o.may, bytes.Equal)
		}
		return w.among(got, o.part, func(got, want []byte) bool { return bytes.HasPrefix(want, got) })
	}
	ok := true
	switch {
	case o.to != nil:
		ok = is(o.to.got.Bytes())
	case o.at != nil:
		ok = !o.at.twice && (!t.IsCompleted() || is(o.at.data))
	case t.IsCompleted():
		got, err := os.ReadFile(t.Path())
		ok = err == nil && is(got)
	}
	if !ok {
		w.Errorf("%s is wrong: %+v", o.name, t)
	}
}

// among says whether something is one of what may be, or that as it is sent where that is stored.
func (w *world) among(got []byte, may [][]byte, is func(got, want []byte) bool) bool {
	return slices.ContainsFunc(may, func(want []byte) bool {
		return is(got, want) || w.conf.ContentEncoding == littledl.EncodingStore && is(got, faultserver.Gzipped(want))
	})
}
