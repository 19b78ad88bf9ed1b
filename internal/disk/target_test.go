package disk_test

import (
	"context"
	"errors"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/crashfs"
	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/span"
)

// TestTarget: a file gets its bytes, its time, its mark and its name, and nothing else is left.
func TestTarget(t *testing.T) {
	for _, single := range []bool{true, false} {
		for _, durable := range []bool{true, false} {
			b := newBed(t, crashfs.New(crashfs.Traits{}))
			b.policy.Durable = durable
			f := b.whole(single, "the bytes")
			require.Equal(t, !single, len(b.fs.List()) == 1, "one that a single answer fills has no name yet")
			require.NoError(t, f.Verify(t.Context(), 9, false, sumOf("the bytes"), nil))
			require.NoError(t, publish(f))
			require.Equal(t, wanted, f.Name())
			dir, err := f.Dir()
			require.NoError(t, err)
			require.Equal(t, label().Mark, dir.MarkOf(wanted))
			f.Close()
			b.shows(map[string]string{wanted: "the bytes"})
			require.True(t, b.fs.ModTime(wanted).Equal(day))
			if durable {
				require.True(t, b.fs.Cut().Has(wanted))
			}
		}
	}
}

// TestStates: whatever a target may not do in a state it refuses, before it touches anything.
func TestStates(t *testing.T) {
	reach := map[disk.State]func(b *bed) *disk.Target{
		disk.Absent: func(b *bed) *disk.Target { return b.target() },
		disk.Open:   func(b *bed) *disk.Target { return b.whole(false, "the bytes") },
		disk.Sealed: func(b *bed) *disk.Target {
			f := b.whole(false, "the bytes")
			b.hook = func(op crashfs.Op) error {
				if op.Kind == crashfs.Link || op.Kind == crashfs.Rename {
					return errors.New("no")
				}
				return nil
			}
			require.Error(b, publish(f))
			return f
		},
		disk.Published: func(b *bed) *disk.Target {
			f := b.whole(false, "the bytes")
			require.NoError(b, publish(f))
			return f
		},
		disk.Kept: func(b *bed) *disk.Target {
			f := b.whole(false, "the bytes")
			f.Keep()
			return f
		},
	}
	buf := make([]byte, 9)
	does := map[string]struct {
		do func(b *bed, f *disk.Target)
		in []disk.State
	}{
		"Settle":      {func(b *bed, f *disk.Target) { _, _ = f.Settle(b.answer(9)) }, []disk.State{disk.Absent, disk.Open}},
		"Create":      {func(b *bed, f *disk.Target) { f.Claim(wanted, 0); _ = f.Create(true) }, []disk.State{disk.Absent}},
		"Adopt":       {func(b *bed, f *disk.Target) { _, _ = f.Adopt(digest.Sum{}) }, []disk.State{disk.Absent}},
		"Reopen":      {func(b *bed, f *disk.Target) { _ = f.Reopen(disk.Left{}, wanted) }, []disk.State{disk.Absent}},
		"Record":      {func(b *bed, f *disk.Target) { f.Record() }, []disk.State{disk.Open}},
		"Preallocate": {func(b *bed, f *disk.Target) { _ = f.Preallocate(9, 9) }, []disk.State{disk.Open}},
		"BeginLog":    {func(b *bed, f *disk.Target) { _ = f.BeginLog(pin, 0, digest.Sum{}) }, []disk.State{disk.Open}},
		"Prove":       {func(b *bed, f *disk.Target) { _, _ = f.Prove(b.Context(), nil, buf) }, []disk.State{disk.Open}},
		"SyncPeriodically": {func(b *bed, f *disk.Target) {
			ctx, cancel := context.WithCancel(b.Context())
			cancel()
			_ = f.SyncPeriodically(ctx)
		}, []disk.State{disk.Open}},
		"Fill":      {func(b *bed, f *disk.Target) { _, _ = f.Fill(b.Context(), b.fs.Reader(b.fs.List()[0])) }, []disk.State{disk.Open}},
		"Empty":     {func(b *bed, f *disk.Target) { _ = f.Empty() }, []disk.State{disk.Open}},
		"Verify":    {func(b *bed, f *disk.Target) { _ = f.Verify(b.Context(), 9, false, digest.Sum{}, nil) }, []disk.State{disk.Open}},
		"Publish":   {func(b *bed, f *disk.Target) { _ = publish(f) }, []disk.State{disk.Open}},
		"Take":      {func(b *bed, f *disk.Target) { f.Take("none", nil) }, []disk.State{disk.Absent, disk.Open}},
		"GiveBack":  {func(b *bed, f *disk.Target) { f.GiveBack(&span.Set{}) }, []disk.State{disk.Open, disk.Sealed}},
		"Keep":      {func(b *bed, f *disk.Target) { f.Keep() }, []disk.State{disk.Open, disk.Sealed}},
		"Discard":   {func(b *bed, f *disk.Target) { f.Discard() }, []disk.State{disk.Absent, disk.Open, disk.Sealed}},
		"Published": {func(b *bed, f *disk.Target) { f.Published() }, []disk.State{disk.Published}},
		"Close":     {func(b *bed, f *disk.Target) { f.Close() }, []disk.State{disk.Absent, disk.Published, disk.Kept}},
	}
	for state, to := range reach {
		for what, op := range does {
			t.Run(what+" when "+state.String(), func(t *testing.T) {
				b := newBed(t, crashfs.New(crashfs.Traits{}))
				f := to(b)
				require.Equal(t, state, f.State())
				before := b.fs.List()
				for _, s := range op.in {
					if s == state {
						require.NotPanics(t, func() { op.do(b, f) })
						return
					}
				}
				require.Panics(t, func() { op.do(b, f) })
				require.Equal(t, state, f.State())
				require.Equal(t, before, b.fs.List())
			})
		}
		t.Run("bytes when "+state.String(), func(t *testing.T) {
			b := newBed(t, crashfs.New(crashfs.Traits{}))
			f := to(b)
			_, err := f.WriteAt([]byte("x"), 0)
			if state != disk.Open {
				require.ErrorIs(t, err, fs.ErrClosed)
				require.Equal(t, fail.Local, fail.Of(err, fail.Facts{}).Class)
			} else {
				require.NoError(t, err)
			}
			_, err = f.ReadAt(buf, 0)
			require.Equal(t, state != disk.Open && state != disk.Sealed, errors.Is(err, fs.ErrClosed))
		})
	}
}

// TestNothingToKeep: what nobody has found cannot be kept, nor created without a name.
func TestNothingToKeep(t *testing.T) {
	b := newBed(t, crashfs.New(crashfs.Traits{}))
	require.Panics(t, func() { _ = b.target().KeepExisting() })
	require.Panics(t, func() { _ = b.target().Create(true) })
}

// TestKeepAndReopen: a part is gone on from as long as nobody touches it.
func TestKeepAndReopen(t *testing.T) {
	for what, touch := range map[string]func(b *bed, name string){
		"":            func(*bed, string) {},
		"written to":  func(b *bed, name string) { b.fs.Poke(name, []byte("X"), 3) },
		"another one": func(b *bed, name string) { b.fs.Put(name, []byte("the bytes")) },
	} {
		t.Run(what, func(t *testing.T) {
			b := newBed(t, crashfs.New(crashfs.Traits{}))
			f := b.open(false)
			b.write(f, "the ")
			left := f.Keep()
			require.False(t, left.IsZero())
			f.Close()
			touch(b, b.fs.List()[0])

			again := b.target()
			err := again.Reopen(left, wanted)
			if what != "" {
				require.ErrorIs(t, err, disk.ErrLost)
				require.Equal(t, disk.Absent, again.State())
				again.Close()
				return
			}
			require.NoError(t, err)
			_, err = again.WriteAt([]byte("bytes"), 4)
			require.NoError(t, err)
			require.NoError(t, publish(again))
			again.Close()
			b.shows(map[string]string{wanted: "the bytes"})
		})
	}
}

// TestNothingLeft: of a part without a name nothing is left, nor of one that is discarded.
func TestNothingLeft(t *testing.T) {
	b := newBed(t, crashfs.New(crashfs.Traits{}))
	f := b.whole(true, "the")
	require.True(t, f.Keep().IsZero())
	f.Close()
	f = b.whole(false, "the")
	f.Discard()
	f.Close()
	b.shows(map[string]string{})
}

// TestEmpty: what was written before counts no more.
func TestEmpty(t *testing.T) {
	for _, single := range []bool{true, false} {
		b := newBed(t, crashfs.New(crashfs.Traits{}))
		f := b.whole(single, "something longer")
		require.NoError(t, f.Empty())
		b.write(f, "the bytes")
		require.NoError(t, f.Verify(t.Context(), 9, false, digest.Sum{}, nil))
		require.NoError(t, publish(f))
		f.Close()
		b.shows(map[string]string{wanted: "the bytes"})
	}
}

// TestVerify: size and digest must be right, before anything gets a name.
func TestVerify(t *testing.T) {
	for what, c := range map[string]struct {
		size int64
		cut  bool
		want digest.Sum
		is   error
	}{
		"right":             {size: 9, want: sumOf("the bytes")},
		"no digest":         {size: 9},
		"other bytes":       {size: 9, want: sumOf("the bites"), is: fail.ErrHashMismatch},
		"too long":          {size: 8, is: fail.ErrSizeMismatch},
		"too short":         {size: 10, is: fail.ErrSizeMismatch},
		"too short to cut":  {size: 10, cut: true, is: fail.ErrSizeMismatch},
		"cut":               {size: 3, cut: true, want: sumOf("the")},
		"cut, other digest": {size: 3, cut: true, want: sumOf("the bytes"), is: fail.ErrHashMismatch},
	} {
		t.Run(what, func(t *testing.T) {
			b := newBed(t, crashfs.New(crashfs.Traits{}))
			f := b.whole(true, "the bytes")
			err := f.Verify(t.Context(), c.size, c.cut, c.want, nil)
			require.ErrorIs(t, err, c.is)
			if c.is == nil {
				require.NoError(t, err)
			}
			f.Discard()
			f.Close()
		})
	}
	b := newBed(t, crashfs.New(crashfs.Traits{}))
	f := b.whole(true, "the bytes")
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	require.ErrorIs(t, f.Verify(ctx, 9, false, sumOf("the bytes"), nil), gone)
}
