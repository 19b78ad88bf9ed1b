package littledl_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// Sources that fail one after the other, and are asked again.

// TestTurnsEnd: however the sources of a file fail after a short outage of all their
// hosts, they do not take turns for ever.
func TestTurnsEnd(t *testing.T) {
	t.Parallel()
	const hosts = 3
	ways := []struct {
		name string
		does Behaviour
	}{
		{"silent", StallHeader()}, {"stalls", Stall(0)}, {"503", Status(503)}, {"breaks off", ShortBody(0)}, {"500", Status(500)},
		{"resets", RSTNow()}, {"404", Status(404)}, {"gzip", Gzip()}, {"now and then", Alternate(StallHeader(), RSTNow(), ShortBody(0), Status(503))},
	}
	for i, first := range ways { // by half of what the second can do
		for j, second := range ways {
			if j%2 > 0 {
				continue
			}
			third := ways[(i+2*j)%len(ways)]
			t.Run(first.name+", "+second.name+", "+third.name, func(t *testing.T) {
				enhBubble(t, func(b *enhBed) {
					b.conf.StallTimeout, b.conf.HeaderTimeout, b.conf.ConnectTimeout = time.Second, time.Second, time.Second
					b.conf.Retry.MaxElapsed = 8 * time.Second
					var servers []*Server
					for n, does := range []Behaviour{first.does, second.does, third.does} {
						s := b.origin(fmt.Sprint("host", n, ".test"))
						s.File("f.bin", Size(mib), Behave(does))
						servers = append(servers, s)
					}
					b.net.Outage(true)
					time.AfterFunc(3*time.Second, func() { b.net.Outage(false) })
					b.mirrored("f.bin", nil, nil, servers...)
					ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
					defer cancel()
					var failed *littledl.BatchError
					require.ErrorAs(b, b.get().Start(ctx), &failed)
					require.NoError(b, ctx.Err())
					for _, s := range servers {
						require.LessOrEqual(b, len(s.GETs()), 40)
					}
				})
			})
		}
	}
}

// TestLongTroubleAtTheSeam: what was fetched is kept however long, up to MaxElapsed, the
// only source that is left cannot be compared with it, and nobody is pestered meanwhile.
func TestLongTroubleAtTheSeam(t *testing.T) {
	t.Parallel()
	const size = 8 * mib
	for _, how := range []string{"503", "refused", "both refused"} {
		t.Run(how, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.rates["a.test:80"] = 100 * kib
				a, backup := b.origin("a.test"), b.origin("b.test")
				f := a.File("f", Size(size))
				backup.File("f", Data(Bytes(f.Content())), ETag(f.Representation().ETag), LastModified(f.Representation().LastModified))
				id := b.mirrored("f", f.Content(), nil, a, backup)
				time.AfterFunc(3*time.Second, func() {
					switch how {
					case "503":
						a.Close()
						backup.Behave(Status(503))
					case "refused":
						a.Close()
						b.net.FailDial("b.test:80", errRefused)
					default:
						b.net.Outage(true)
					}
				})
				time.AfterFunc(43*time.Second, func() {
					backup.Behave()
					b.net.FailDial("b.test:80", nil)
					b.net.Outage(false)
				})
				require.NoError(b, b.start())
				require.NotZero(b, b.task(id).Sources[0].Bytes, "they are kept")
				require.LessOrEqual(b, b.read.Load(), int64(size+4*mib))
				require.LessOrEqual(b, b.net.Dials("a.test:80")+b.net.Dials("b.test:80"), 120)
				require.LessOrEqual(b, len(backup.GETs()), 60)
			})
		})
	}
}
