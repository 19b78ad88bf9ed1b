package littledl_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestWriterSmall: small files go to memory, in a request each.
func TestWriterSmall(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		f := b.srv.File("a.bin", faultserver.Size(300*kib))
		empty := b.srv.File("empty", faultserver.Size(0))
		var to, none bytes.Buffer
		id := b.to(f, &to)
		b.to(empty, &none)
		require.NoError(b, b.start())
		b.got(&to, f)
		require.Zero(b, none.Len())
		require.Len(b, b.srv.Requests("a.bin"), 1)
		task := b.task(id)
		require.True(b, task.IsCompleted())
		require.EqualValues(b, 300*kib, task.FileSize)
		require.EqualValues(b, 300*kib, task.Downloaded)
	})
}

// TestWriterConnections: several connections serve one writer, in order.
func TestWriterConnections(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		f := b.srv.File("big.bin", faultserver.Size(64*mib))
		to := &atOnce{t: b}
		began := time.Now()
		b.to(f, to, enhHash(f.Content()))
		require.NoError(b, b.start())
		b.got(&to.Buffer, f)
		require.Equal(b, 4, b.srv.MaxInFlight())
		require.Less(b, time.Since(began), 12*time.Second, "one connection takes 32 s")
		require.Less(b, b.read.Load(), int64(70*mib))
	})
}

// TestWriterWindow: behind the first byte that is missing no more is asked for than may be held
// back, over all files; and that byte is asked for again and again meanwhile.
func TestWriterWindow(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		b.conf.MaxReorder = 4 * mib
		b.conf.StallTimeout = 2 * time.Second
		b.conf.Retry.MaxRetries = 100
		var hangs atomic.Bool
		hangs.Store(true)
		first := func(req *faultserver.Request) bool {
			return hangs.Load() && req.Range != nil && req.Range.First < 5*mib
		}
		var to [2]bytes.Buffer
		var files []*faultserver.File
		for i := range to {
			files = append(files, b.srv.File(fmt.Sprint(i), faultserver.Size(40*mib), faultserver.Behave(faultserver.When(first, faultserver.Stall(mib)))))
			b.to(files[i], &to[i], enhHash(files[i].Content()))
		}
		done := b.background(b.Context())
		time.Sleep(5 * time.Second)
		ahead, begun := int64(0), 0
		for _, r := range b.srv.Requests() {
			if first, last := askedRange(r); first >= 5*mib {
				ahead += last + 1 - first
			} else if r.Range != "" {
				begun++
			}
		}
		require.LessOrEqual(b, ahead, int64(4*mib))
		require.Greater(b, ahead, int64(2*mib))
		require.Greater(b, begun, 2)
		hangs.Store(false)
		require.NoError(b, <-done)
		b.got(&to[0], files[0])
		b.got(&to[1], files[1])
	})
}

// TestWriterNoRoom: where nothing may be held back one connection serves, and no file waits for
// another.
func TestWriterNoRoom(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		b.conf.MaxReorder = 1
		b.conf.MaxConnections = 2
		var to [4]bytes.Buffer
		var files []*faultserver.File
		for i := range to {
			files = append(files, b.srv.File(fmt.Sprint(i), faultserver.Size(20*mib), faultserver.Behave(faultserver.First(2, faultserver.RST(2*mib)))))
			b.to(files[i], &to[i])
		}
		require.NoError(b, b.start())
		for i := range to {
			b.got(&to[i], files[i])
			require.Equal(b, 1, b.srv.MaxInFlight(files[i].Name()))
		}
	})
}

// TestWriterMemory: what is held back is bounded, and so is what a slow writer leaves to be
// read: the download goes as fast as it does.
func TestWriterMemory(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		b.conf.MaxReorder = 8 * mib
		b.conf.StallTimeout = time.Second
		b.net.Shape(faultserver.Same(line(64 * mib)))
		f := b.srv.File("big.bin", faultserver.Size(96*mib))
		var before, most runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		n := int64(0)
		w := writerFunc(func(p []byte) (int, error) {
			time.Sleep(time.Duration(len(p)) * time.Second / (2 * mib)) // 2 MiB/s
			if n += int64(len(p)); n%(8*mib) < int64(len(p)) {
				runtime.GC()
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				most.HeapAlloc = max(most.HeapAlloc, now.HeapAlloc)
				require.Less(b, b.read.Load()-n, int64(8*mib+8*mib), "read, and neither delivered nor held back within the bound")
			}
			return len(p), nil
		})
		b.to(f, w)
		began := time.Now()
		require.NoError(b, b.start())
		require.EqualValues(b, 96*mib, n)
		require.InDelta(b, 48, time.Since(began).Seconds(), 3)
		require.Less(b, int64(most.HeapAlloc)-int64(before.HeapAlloc), int64(40*mib))
		require.Less(b, b.read.Load(), int64(100*mib), "nothing is fetched twice for the writer's sake")
	})
}

// TestWriterSlow: a slow writer keeps one connection from the other files, not all that have
// brought bytes for it.
func TestWriterSlow(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		b.conf.MaxReorder = 8 * mib
		b.conf.MaxConnections = 4
		slow := b.srv.File("slow.bin", faultserver.Size(20*mib))
		other := b.srv.File("other.bin", faultserver.Size(60*mib))
		to, quick := &atOnce{t: b}, &atOnce{t: b}
		to.slow = func(n int) time.Duration { return time.Duration(n) * time.Second / (64 * kib) }
		b.to(slow, to)
		id := b.to(other, quick)
		done := b.background(b.Context())
		time.Sleep(15 * time.Second) // three connections bring 6 MiB/s
		require.True(b, b.task(id).IsCompleted())
		require.NoError(b, <-done)
		b.got(&to.Buffer, slow)
		b.got(&quick.Buffer, other)
	})
}

// TestWriterStandsStill: time spent in Write is in no timeout.
func TestWriterStandsStill(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		b.conf.StallTimeout = time.Second
		f := b.srv.File("a.bin", faultserver.Size(20*mib))
		to := &atOnce{t: b, slow: func(int) time.Duration { return 0 }}
		to.slow = func(int) time.Duration {
			if to.Len() == 0 {
				return 5 * time.Minute
			}
			return 0
		}
		id := b.to(f, to)
		require.NoError(b, b.start())
		b.got(&to.Buffer, f)
		require.Zero(b, b.task(id).RetryCount)
	})
}

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

// TestWriterError: the writer's own error is final.
func TestWriterError(t *testing.T) {
	enough := errors.New("enough of it")
	for name, w := range map[string]struct {
		write func([]byte) (int, error)
		want  error
	}{
		"error":    {func(p []byte) (int, error) { return 0, enough }, enough},
		"short":    {func(p []byte) (int, error) { return len(p) / 2, nil }, io.ErrShortWrite},
		"too many": {func(p []byte) (int, error) { return len(p) + 1, nil }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			writerBubble(t, func(b *writerBed) {
				f := b.srv.File("a.bin", faultserver.Size(30*mib))
				id := b.to(f, writerFunc(w.write))
				err := b.start()
				require.Error(b, err)
				if w.want != nil {
					require.ErrorIs(b, err, w.want)
				}
				require.Equal(b, "write", opOf(err))
				require.Zero(b, b.task(id).RetryCount)
				for _, r := range b.srv.Requests("a.bin") {
					require.NotEmpty(b, r.Range)
				}
			})
		})
	}
}

// TestWriterHash: a wrong digest is told of in the end, when all is delivered, and is final.
func TestWriterHash(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		f := b.srv.File("a.bin", faultserver.Size(12*mib))
		told := b.srv.File("told.bin", faultserver.Size(mib), faultserver.Behave(faultserver.ReprDigest(false)))
		right := b.srv.File("right.bin", faultserver.Size(12*mib), faultserver.Behave(faultserver.ReprDigest(true)))
		var one, two, three bytes.Buffer
		b.to(f, &one, littledl.WithHash("sha256", strings.Repeat("00", 32)))
		b.to(told, &two)
		id := b.to(right, &three, enhHash(right.Content()))
		err := b.start()
		require.ErrorIs(b, err, littledl.ErrHashMismatch)
		require.Len(b, failures(b, err), 2)
		b.got(&one, f)
		b.got(&two, told)
		b.got(&three, right)
		require.True(b, b.task(id).IsCompleted())
		require.Less(b, b.srv.BytesSent("a.bin"), int64(14*mib), "once")
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
			had := to.Len() + other.Len()
			time.Sleep(time.Minute)
			require.Equal(b, had, to.Len()+other.Len())
			require.NoError(b, b.get().Resume())
		}
		require.NoError(b, <-done)
		b.got(&to.Buffer, f)
		b.got(&other.Buffer, plain)
	})
}

// TestWriterAt: one that takes bytes in any order has them as they come, and none twice.
func TestWriterAt(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		b.net.Shape(slowDial(1, 100*kib, 4*mib)) // so that the last bytes are asked for twice
		f := b.srv.File("a.bin", faultserver.Size(32*mib))
		w := newAtWriter(32 * mib)
		b.option1(f, littledl.WithWriterAt(w))
		require.NoError(b, b.start())
		require.NoError(b, faultserver.Compare(bytes.NewReader(w.data), f.Content()))
		require.False(b, w.twice)
		require.False(b, slices.IsSorted(w.order), "out of order")
	})
}

// TestWriterAtHash: where a digest is to be judged it has them in order, still from several
// connections.
func TestWriterAtHash(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		f := b.srv.File("a.bin", faultserver.Size(32*mib))
		w := newAtWriter(32 * mib)
		b.option1(f, littledl.WithWriterAt(w), enhHash(f.Content()))
		require.NoError(b, b.start())
		require.NoError(b, faultserver.Compare(bytes.NewReader(w.data), f.Content()))
		require.True(b, slices.IsSorted(w.order))
		require.Equal(b, 4, b.srv.MaxInFlight())
	})
}

// TestWriterDecodes: what is sent encoded is decoded on its way.
func TestWriterDecodes(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		b.conf.ContentEncoding = littledl.EncodingDecode
		f := b.srv.File("a.txt", faultserver.Size(2*mib), faultserver.Behave(faultserver.Gzip(), faultserver.First(1, faultserver.ShortBody(mib))))
		to := &atOnce{t: b}
		b.to(f, to, enhHash(f.Content()))
		require.NoError(b, b.start())
		b.got(&to.Buffer, f)
		require.Len(b, b.srv.Requests("a.txt"), 2)
	})
}

// TestWriterPipe: a pipe into whoever unpacks it, with connections that break.
func TestWriterPipe(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		var packed bytes.Buffer
		w := tar.NewWriter(&packed)
		want := map[string][]byte{}
		for _, name := range []string{"one", "two", "three"} {
			want[name] = faultserver.Bytes(faultserver.Generate(name, 1, 5*mib))
			require.NoError(b, w.WriteHeader(&tar.Header{Name: name, Size: 5 * mib, Mode: 0o644}))
			_, err := w.Write(want[name])
			require.NoError(b, err)
		}
		require.NoError(b, w.Close())
		f := b.srv.File("all.tar", faultserver.Data(packed.Bytes()), faultserver.Behave(faultserver.Alternate(faultserver.Good(), faultserver.RST(300*kib))))
		r, to := io.Pipe()
		b.to(f, to)
		done := b.background(b.Context())
		in := tar.NewReader(r)
		for range 3 {
			h, err := in.Next()
			require.NoError(b, err)
			got, err := io.ReadAll(in)
			require.NoError(b, err)
			require.True(b, bytes.Equal(want[h.Name], got))
		}
		go io.Copy(io.Discard, r)
		require.NoError(b, <-done)
		require.NoError(b, to.Close(), "whose it is")
	})
}

// TestWriterReaderGone: a reader that has gone ends it.
func TestWriterReaderGone(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		f := b.srv.File("a.bin", faultserver.Size(30*mib))
		r, to := io.Pipe()
		b.to(f, to)
		done := b.background(b.Context())
		_, err := io.CopyN(io.Discard, r, mib)
		require.NoError(b, err)
		require.NoError(b, r.CloseWithError(errEnough))
		require.ErrorIs(b, <-done, errEnough)
	})
}

// TestWriterEndsGoroutine: a writer that ends its goroutine ends the Start, as any code of the
// caller's does.
func TestWriterEndsGoroutine(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		f := b.srv.File("a.bin", faultserver.Size(30*mib))
		n := 0
		b.to(f, writerFunc(func(p []byte) (int, error) {
			if n += len(p); n > 10*mib {
				runtime.Goexit()
			}
			return len(p), nil
		}))
		require.ErrorIs(b, b.start(), littledl.ErrCancelled)
	})
}

// TestWriterOptions: what a writer contradicts is refused before anything is touched.
func TestWriterOptions(t *testing.T) {
	var w bytes.Buffer
	to := littledl.WithWriter(&w)
	d, err := littledl.NewBatchDownloader()
	require.NoError(t, err)
	url := "http://files.test/a"
	for name, opts := range map[string][]littledl.URLOption{
		"nil":       {littledl.WithWriter(nil)},
		"nil at":    {littledl.WithWriterAt(nil)},
		"two":       {to, to},
		"two kinds": {to, littledl.WithWriterAt(newAtWriter(1))},
		"a name":    {to, littledl.WithFilename("a")},
	} {
		_, err := d.AddURL(url, opts...)
		require.ErrorIs(t, err, littledl.ErrInvalidOption, name)
		_, err = d.AddURLs([]string{url}, "", opts...)
		require.ErrorIs(t, err, littledl.ErrInvalidOption, name)
	}
	_, err = d.AddURLs([]string{url, url + "b"}, "", to)
	require.ErrorIs(t, err, littledl.ErrInvalidOption)
	require.Empty(t, d.GetAllTasks())
	ids, err := d.AddURLs([]string{url}, "", to)
	require.NoError(t, err)
	require.Len(t, ids, 1)

	for _, p := range policies {
		d, err := littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{Overwrite: p}))
		require.NoError(t, err)
		_, err = d.AddURL(url, to)
		require.Equal(t, p != littledl.OverwriteRename, errors.Is(err, littledl.ErrInvalidOption))
	}
	_, err = littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{MaxReorder: -1}))
	require.ErrorIs(t, err, littledl.ErrInvalidOption)
}

// TestWriterDuplicates: each writer has its own transfer, and a file on the disk beside them.
func TestWriterDuplicates(t *testing.T) {
	batchBubble(t, func(b *batch) {
		f := b.srv.File("a.bin", faultserver.Size(mib))
		var one, two bytes.Buffer
		for _, w := range []*bytes.Buffer{&one, &two} {
			_, err := b.get().AddURL(f.URL(), littledl.WithWriter(w), littledl.WithSavePath(b.dir))
			require.NoError(b, err)
		}
		id := b.add(f)
		require.NoError(b, b.get().Start(b.Context()))
		require.Equal(b, []string{"a.bin"}, b.list(), "no name is kept for a writer's")
		require.Equal(b, "a.bin", b.task(id).Filename)
		for _, w := range []*bytes.Buffer{&one, &two} {
			require.NoError(b, faultserver.Compare(bytes.NewReader(w.Bytes()), f.Content()))
		}
		require.Len(b, b.srv.Requests("a.bin"), 3)
	})
}
