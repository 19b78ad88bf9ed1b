package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/littledl/littledl/internal/faultserver"
)

// Outages of all the sources of a file.

// TestBusySources: several that are busy for less than MaxElapsed are waited for as long as
// one would be.
func TestBusySources(t *testing.T) {
	for _, after := range []string{"", "1", "20"} {
		for n := 1; n <= 3; n++ {
			t.Run(fmt.Sprint(after, " ", n), func(t *testing.T) {
				enhBubble(t, func(b *enhBed) {
					servers := []*Server{b.origin("a.test"), b.origin("b.test"), b.origin("c.test")}[:n]
					f := servers[0].File("f", Size(mib))
					for i, s := range servers {
						if i > 0 {
							s.File("f", sameAs(f)...)
						}
						s.Behave(Status(503, RetryAfter(after)))
						time.AfterFunc(50*time.Second, func() { s.Behave() })
					}
					b.mirrored("f", f.Content(), nil, servers...)
					require.NoError(b, b.start())
				})
			})
		}
	}
}

// TestOutagesOfTwo: two sources that are out for less than MaxElapsed, each in its own way,
// fail nothing, and one that is gone for good beside one that is out neither.
func TestOutagesOfTwo(t *testing.T) {
	const size, at, lasts = 4 * mib, 3 * time.Second, 50 * time.Second
	t.Parallel()
	for _, shapes := range [][2]string{
		{"503", "503 1"}, {"503", "404"}, {"404", "429 7"}, {"429 7", "refused"}, {"reset", "503"}, {"refused", "refused"}, {"503 1", "reset"},
	} {
		for _, hash := range []bool{false, true} {
			t.Run(fmt.Sprint(shapes, " ", hash), func(t *testing.T) {
				enhBubble(t, func(b *enhBed) {
					b.rates["a.test:80"], b.rates["b.test:80"] = 100*kib, 100*kib
					servers := []*Server{b.origin("a.test"), b.origin("b.test")}
					f := servers[0].File("f", Size(size))
					servers[1].File("f", sameAs(f)...)
					served := servers[1].File("served", Size(1000))
					b.add(served.URL(), served.Content())
					for i, s := range servers {
						addr := []string{"a.test:80", "b.test:80"}[i]
						time.AfterFunc(at, func() {
							switch shapes[i] {
							case "refused":
								b.net.FailDial(addr, errRefused)
							default:
								s.Behave(map[string]Behaviour{
									"503": Status(503), "503 1": Status(503, RetryAfter("1")), "429 7": Status(429, RetryAfter("7")),
									"reset": RSTNow(), "404": Status(404),
								}[shapes[i]])
							}
							b.net.ResetAll()
						})
						if shapes[i] != "404" {
							time.AfterFunc(at+lasts, func() {
								s.Behave()
								b.net.FailDial(addr, nil)
							})
						}
					}
					opts := hashIf(hash, f)
					b.mirrored("f", f.Content(), opts, servers...)
					require.NoError(b, b.start())
					require.LessOrEqual(b, b.read.Load(), int64(size+2*mib))
				})
			})
		}
	}
}
