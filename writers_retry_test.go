package littledl_test

import (
	"bytes"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestWriterRetries: what breaks off is gone on with at the first byte that was not delivered.
func TestWriterRetries(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		f := b.srv.File("a.bin", faultserver.Size(3*mib), faultserver.Behave(faultserver.First(2, faultserver.ShortBody(mib))))
		to := &atOnce{t: b}
		id := b.to(f, to)
		require.NoError(b, b.start())
		b.got(&to.Buffer, f)
		require.Equal(b, 2, b.task(id).RetryCount)
		var begins []int64
		for _, r := range b.srv.Requests("a.bin") {
			begins = append(begins, rangeStart(r))
		}
		require.Equal(b, []int64{0, mib, 2 * mib}, begins)
		require.Equal(b, f.Representation().ETag, b.srv.Requests("a.bin")[1].IfRange)
	})
}

// TestWriterRetriesAll: and so it is over several connections, whatever breaks.
func TestWriterRetriesAll(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		f := b.srv.File("a.bin", faultserver.Size(48*mib), faultserver.Behave(faultserver.Alternate(faultserver.ShortBody(300*kib), faultserver.Good(), faultserver.RST(700*kib))))
		to := &atOnce{t: b}
		b.to(f, to, enhHash(f.Content()))
		require.NoError(b, b.start())
		b.got(&to.Buffer, f)
	})
}

// TestWriterSkips: a server that does no ranges sends what was delivered again, which is skipped.
func TestWriterSkips(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		f := b.srv.File("a.bin", faultserver.Size(9*mib), faultserver.Behave(faultserver.NoRange(), faultserver.First(1, faultserver.ShortBody(4*mib))))
		late := b.srv.File("late.bin", faultserver.Size(9*mib), faultserver.Behave(faultserver.After(2, faultserver.NoRange())))
		to, other := &atOnce{t: b}, &atOnce{t: b}
		b.to(f, to)
		b.to(late, other)
		require.NoError(b, b.start())
		b.got(&to.Buffer, f)
		b.got(&other.Buffer, late)
	})
}

// TestWriterUnnamed: where nothing names the version there is one stream, and no second attempt
// behind what was delivered; before that there is.
func TestWriterUnnamed(t *testing.T) {
	for name, nameless := range map[string]faultserver.Behaviour{
		"no validators": faultserver.NoValidators(), "weak": chainOf(faultserver.WeakETag(), faultserver.LastModNow()),
	} {
		t.Run(name, func(t *testing.T) {
			writerBubble(t, func(b *writerBed) {
				whole := b.srv.File("whole.bin", faultserver.Size(20*mib), faultserver.Behave(nameless))
				cut := b.srv.File("cut.bin", faultserver.Size(20*mib), faultserver.Behave(nameless, faultserver.Nth(2, faultserver.ShortBody(7*mib))))
				refused := b.srv.File("refused.bin", faultserver.Size(mib), faultserver.Behave(nameless, faultserver.First(2, faultserver.Status(500))))
				var one, two, three bytes.Buffer
				b.to(whole, &one)
				id := b.to(cut, &two)
				b.to(refused, &three)
				err := b.start()
				require.ErrorIs(b, err, littledl.ErrRemoteChanged)
				require.Len(b, failures(b, err), 1)
				b.got(&one, whole)
				b.prefix(&two, cut, 7*mib)
				require.Equal(b, 7*mib, two.Len())
				b.got(&three, refused)
				require.Len(b, b.srv.Requests("cut.bin"), 2, "the one with a range, and the stream")
				require.True(b, b.task(id).IsFailed())
				var sizes int64
				for _, r := range b.srv.Requests("whole.bin") {
					if r.Range == "" {
						sizes += r.Sent
					}
				}
				require.EqualValues(b, 20*mib, sizes, "in one stream")
			})
		})
	}
}

func chainOf(bs ...faultserver.Behaviour) faultserver.Behaviour {
	return func(next faultserver.Handler) faultserver.Handler {
		for _, b := range slices.Backward(bs) {
			next = b(next)
		}
		return next
	}
}

// TestWriterChanges: another version is not mixed with what was delivered; before that the file
// begins anew.
func TestWriterChanges(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		late := b.srv.File("late.bin", faultserver.Size(30*mib), faultserver.Behave(faultserver.ETagChange(3)))
		early := b.srv.File("early.bin", faultserver.Size(mib), faultserver.Behave(faultserver.First(1, faultserver.ShortBody(0)), faultserver.ETagChange(1)))
		var one, two bytes.Buffer
		b.to(late, &one)
		b.to(early, &two)
		err := b.start()
		require.ErrorIs(b, err, littledl.ErrRemoteChanged)
		require.Len(b, failures(b, err), 1)
		b.prefix(&one, late, 1)
		require.Less(b, one.Len(), 30*mib)
		early.Set(faultserver.Version(2))
		b.got(&two, early)
	})
}

// TestWriterNextStart: what was delivered in an earlier Start cannot be gone on with; what had
// nothing is begun again.
func TestWriterNextStart(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		b.conf.Retry.MaxRetries = -1
		cut := b.srv.File("cut.bin", faultserver.Size(mib), faultserver.Behave(faultserver.First(1, faultserver.ShortBody(100*kib))))
		none := b.srv.File("none.bin", faultserver.Size(mib), faultserver.Behave(faultserver.First(1, faultserver.Status(500))))
		var one, two bytes.Buffer
		first, second := b.to(cut, &one), b.to(none, &two)
		require.Error(b, b.start())
		b.prefix(&one, cut, 100*kib)
		asked := len(b.srv.Requests("cut.bin"))
		err := b.start()
		require.ErrorIs(b, err, littledl.ErrRemoteChanged)
		require.ErrorIs(b, b.task(first).Err, littledl.ErrRemoteChanged)
		require.Equal(b, 100*kib, one.Len())
		require.Len(b, b.srv.Requests("cut.bin"), asked, "nobody is asked for what cannot be used")
		require.True(b, b.task(second).IsCompleted())
		b.got(&two, none)
	})
}

// TestWriterPaused: a pause stops it between two writes, and it goes on behind them.
func TestWriterPaused(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		f := b.srv.File("a.bin", faultserver.Size(40*mib))
		plain := b.srv.File("plain.bin", faultserver.Size(40*mib), faultserver.Behave(faultserver.NoRange()))
		to, other := &atOnce{t: b}, &atOnce{t: b}
		b.to(f, to)
		b.to(plain, other)
		done := b.background(b.Context())
		for range 3 {
			time.Sleep(1500 * time.Millisecond)
			require.NoError(b, b.get().Pause())
			time.Sleep(200 * time.Millisecond)
			synctest.Wait()
			had := to.Len() + other.Len()
			time.Sleep(time.Minute)
			synctest.Wait()
			require.Equal(b, had, to.Len()+other.Len())
			require.NoError(b, b.get().Resume())
		}
		require.NoError(b, <-done)
		b.got(&to.Buffer, f)
		b.got(&other.Buffer, plain)
	})
}
