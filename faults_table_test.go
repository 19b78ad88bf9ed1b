package littledl_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// fault is one row of the catalogue: what an origin does with a file, and what must
// come of it.
type fault struct {
	name string // its number in the catalogue, and which form of it
	does []faultserver.Behaviour
	file []faultserver.FileOption // a.bin of 8 MiB
	path string                   // another name than that
	prep func(*bed)               // changes settings
	hash bool                     // the right digest is given
	want []faultserver.Content    // what it may hold in the end; nil: what it held at first

	err      error         // what the batch fails with (errors.Is); nil: the file is right
	status   int           // the code of the StatusError in it
	left     int           // parts that a failure leaves
	restarts int           // whole files that may be sent for nothing
	gets     int           // requests at most
	least    int           // and at least; 0: exactly gets
	waits    time.Duration // at least
	within   time.Duration // at most; 0: 10 s
	then     func(*bed, littledl.FileTask)
}

// errSome stands for an error that has no sentinel.
var errSome = errors.New("some error")

func testFaults(t *testing.T, faults []fault, opts ...faultserver.Option) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) { inBoth(t, f.run, opts...) })
	}
}

func (f fault) run(b *bed) {
	if f.prep != nil {
		f.prep(b)
	}
	if f.path == "" {
		f.path = "a.bin"
	}
	file := b.srv.File(f.path, append([]faultserver.FileOption{faultserver.Size(8 * mib), faultserver.Behave(f.does...)}, f.file...)...)
	opts := hashIf(f.hash, file)
	id := b.add(file, opts...)
	if f.want != nil {
		b.want[id] = f.want
	}
	b.restarts = f.restarts
	err := b.start()
	f.judge(b, err)
	if f.then != nil {
		f.then(b, b.task(id))
	}
}

func (f fault) judge(b *bed, err error) {
	switch {
	case f.err != nil && f.err != errSome:
		require.ErrorIs(b, err, f.err)
	case f.err != nil || f.status != 0:
		require.Error(b, err)
	default:
		require.NoError(b, err)
	}
	_, parts := b.listing()
	require.Len(b, parts, f.left)
	require.Equal(b, f.status, statusOf(err), "%v", err)
	if f.least == 0 {
		f.least = f.gets
	}
	n := len(b.srv.GETs(f.path))
	if n < f.least || n > f.gets {
		for _, r := range b.srv.GETs() {
			b.Logf("%v %s if %s: %d, %d bytes to %v", r.Start.Sub(b.began), r.Range, r.IfRange, r.Status, r.Sent, r.End.Sub(b.began))
		}
	}
	require.GreaterOrEqual(b, n, f.least, "requests")
	require.LessOrEqual(b, n, f.gets, "requests")
	if f.within == 0 {
		f.within = 10 * time.Second
	}
	require.GreaterOrEqual(b, b.took, f.waits)
	require.LessOrEqual(b, b.took, f.within)
}
