package littledl_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// Bugs that other download tools have shipped, by the number they have here: those of
// requests and of waiting. See also bugs_files_test.go.

func TestR1AllSegmentsFail(t *testing.T) {
	inBubble(t, func(b *bed) {
		id := b.add(b.srv.File("a.bin", Size(8*mib), Behave(When(Beyond, Status(500)))))
		err := b.start()
		require.Equal(b, 500, statusOf(err))
		require.LessOrEqual(b, b.took, 30*time.Second)
		require.LessOrEqual(b, len(b.srv.GETs()), 1+3*4)
		require.True(b, b.task(id).IsFailed())
	})
}

func TestR2ErrorPagesAreNoFile(t *testing.T) {
	inBubble(t, func(b *bed) {
		page := Status(503, func(res *Response) { res.Header.Set("Content-Range", "bytes 0-10/11") })
		b.add(b.srv.File("a.bin", Size(8*mib), Behave(page)))
		b.add(b.srv.File("b.bin", Size(8*mib), Behave(When(Beyond, page))))
		err := b.start()
		require.Equal(b, 503, statusOf(err))
		var batch *littledl.BatchError
		require.ErrorAs(b, err, &batch)
		require.Len(b, batch.Failed, 2)
		finals, _ := b.listing()
		require.Empty(b, finals)
		require.LessOrEqual(b, b.took, 3*time.Minute)
	})
}

// TestR3NoGoroutineLeft relies on its bubble, which ends when its goroutines have.
func TestR3NoGoroutineLeft(t *testing.T) {
	for name, fault := range map[string]Behaviour{
		"status": Status(404), "reset": RST(1000), "stall": Stall(1000), "headers": StallHeader(), "short": ShortBody(1000),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				b.conf.Retry.MaxRetries = -1
				b.add(b.srv.File("a.bin", Size(8*mib), Behave(When(Beyond, fault))))
				require.Error(b, b.start())
			})
		})
	}
}

func TestR4MissingIsNotAskedAgain(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Behave(Status(404))))
		require.Equal(b, 404, statusOf(b.start()))
		require.Len(b, b.srv.Requests(), 1)
		require.Less(b, b.took, time.Second)
	})
}

// TestR5ShortCleanPart has parts that end early and cleanly, without a length.
func TestR5ShortCleanPart(t *testing.T) {
	inBubble(t, func(b *bed) {
		half := Do(func(req *Request, next Handler) *Response {
			res := next(req)
			res.Body, res.Length = section(res.Body, res.Body.Size()/2), -1
			return res
		})
		b.add(b.srv.File("a.bin", Size(8*mib), Behave(First(3, half))))
		b.add(b.srv.File("b.bin", Size(mib), Behave(First(1, half))))
		require.NoError(b, b.start())
	})
}

func TestR6RangeIgnored(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Size(8*mib), Behave(NoRangeLie())))
		b.add(b.srv.File("b.bin", Size(8*mib), Behave(When(Beyond, NoRangeLie()))))
		b.restarts = 1
		require.NoError(b, b.start())
		require.Len(b, b.srv.GETs("a.bin"), 1)
	})
}

// TestR7IdleCostsNothing waits for ten minutes, paused with a file half done: who
// polls without sleeping stops the bubble's clock, who polls often is slow.
func TestR7IdleCostsNothing(t *testing.T) {
	began := time.Now()
	inBubble(t, func(b *bed) {
		b.patience = time.Hour
		b.add(b.srv.File("a.bin", Size(8*mib), Behave(Slow(mib))))
		go func() {
			time.Sleep(time.Second)
			b.d.Pause()
			time.Sleep(10 * time.Minute)
			b.d.Resume()
		}()
		require.NoError(b, b.start())
		require.Greater(b, b.took, 10*time.Minute)
	})
	require.Less(t, time.Since(began), 5*time.Second, "in true time")
}

// TestR9OthersKeepTheirConnections has every third file reset its connection.
func TestR9OthersKeepTheirConnections(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.files = 2
		for i := range 30 {
			f := b.srv.File(string(rune('A'+i))+".bin", Size(100*kib))
			if i%3 == 1 {
				f.Behave(First(1, RST(50*kib)))
			}
			b.add(f)
		}
		require.NoError(b, b.start())
		require.LessOrEqual(b, b.srv.Conns(), 2+2+10+2, "files, look-ahead, resets, and dials that were not needed after all")
	})
}

// TestR10SlowCallback blocks and calls back in while bytes flow.
func TestR10SlowCallback(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.patience = 2 * time.Hour
		var late sync.Once
		b.opts = append(b.opts, littledl.WithProgressCallback(func(int, int, float64, time.Duration) {
			late.Do(func() {
				b.add(b.srv.File("late.bin"))
				b.d.GetStats()
				b.d.SetFileCompleteCallback(nil)
				b.d.Pause()
				b.d.Resume()
				time.Sleep(time.Hour)
			})
		}))
		b.add(b.srv.File("a.bin", Size(8*mib), Behave(Slow(mib))))
		began := time.Now()
		require.NoError(b, b.start())
		require.GreaterOrEqual(b, b.took, time.Hour)
		require.Len(b, b.d.GetAllTasks(), 2)
		for _, r := range b.srv.GETs() {
			require.Less(b, r.End.Sub(began), 10*time.Second, r.Path)
		}
	})
}

// TestR11RetryAfterIsObeyed has one request in flight at most, so that a file that
// waits and keeps its slot would hold up the other.
func TestR11RetryAfterIsObeyed(t *testing.T) {
	for name, header := range map[string]ResponseOption{"seconds": RetryAfter("20"), "date": RetryAfterDate(20*time.Second, time.Hour)} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				b.files, b.chunks = 1, 1
				busy := b.origin("busy.test:80")
				f := busy.File("a.bin", Behave(First(1, Status(503, header))))
				b.add(f)
				b.add(b.srv.File("b.bin"))
				began := time.Now()
				require.NoError(b, b.start())
				require.Less(b, b.srv.GETs()[0].End.Sub(began), time.Second)
				asked := busy.GETs()
				require.Len(b, asked, 2)
				require.InDelta(b, 20*time.Second, asked[1].Start.Sub(asked[0].Start), float64(time.Second))
			})
		})
	}
}

func TestR11RetryAfterIsCapped(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Behave(Status(503, RetryAfter("86400")))))
		err := b.start()
		var status *littledl.StatusError
		require.ErrorAs(b, err, &status)
		require.Equal(b, littledl.StatusError{Code: 503, RetryAfter: 24 * time.Hour}, *status)
		require.Less(b, b.took, time.Second)
	})
}

func TestR12ReadersDoNotRace(t *testing.T) {
	inBubble(t, func(b *bed) {
		var ids []string
		for i := range 10 {
			ids = append(ids, b.add(b.srv.File(string(rune('a'+i))+".bin", Size(2*mib), Behave(First(1, RST(mib))))))
		}
		over := make(chan struct{})
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for {
					select {
					case <-over:
						return
					case <-time.After(time.Millisecond):
					}
					b.d.GetAllTasks()
					b.d.GetTask(ids[3])
					b.d.GetProgress()
					b.d.GetStats()
				}
			})
		}
		err := b.start()
		close(over)
		readers.Wait()
		require.NoError(b, err)
	})
}

func TestR18PauseStopsAll(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Size(8*mib), Behave(Slow(mib))))
		b.add(b.srv.File("b.bin", Size(8*mib), Behave(Slow(mib))))
		go func() {
			time.Sleep(time.Second)
			b.d.Pause()
			time.Sleep(200 * time.Millisecond)
			read := b.read.Load()
			time.Sleep(time.Minute)
			if n := b.read.Load() - read; n != 0 {
				b.Errorf("%d bytes arrived while paused", n)
			}
			b.d.Resume()
		}()
		require.NoError(b, b.start())
		require.Greater(b, b.took, time.Minute)
	})
}

func TestR20CredentialsStayAtHome(t *testing.T) {
	t.Parallel()
	for name, elsewhere := range map[string]string{"host": "other.test:80", "port": "files.test:8080", "subdomain": "a.files.test:80"} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.OriginHeaders = map[string]http.Header{"http://files.test": {"Cookie": {"id=" + secret}}}
				other := b.origin(elsewhere)
				big := other.File("big.bin", Size(8*mib))
				b.addURL(b.srv.File("a.bin", Behave(RedirectTo(big.URL(), 302))).URL(), big.Content())
				require.NoError(b, b.start())
				require.Greater(b, len(other.GETs()), 1, "segments went there too")
				at := b.srv.GETs()[0].Header
				require.Equal(b, "Bearer "+secret, at.Get("Authorization"))
				require.Equal(b, "id="+secret, at.Get("Cookie"))
			})
		})
	}
}
