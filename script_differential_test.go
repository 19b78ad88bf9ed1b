package littledl_test

import (
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/littledl/littledl/internal/replay"
)

var (
	scripts   = flag.Int("scripts", usualScripts, "how many random scripts TestDifferential plays")
	scriptHex = flag.String("script", "", "play this script alone, as TestDifferential has printed it")
)

// TestDifferential plays random scripts: whatever happens, a file that is said to be
// complete is what the server has. These are the same every time; make soak and make fuzz
// look for others. A seed that failed is played again with
//
//	LITTLEDL_SEED=N go test -run TestDifferential . -args -scripts 1
func TestDifferential(t *testing.T) {
	t.Parallel()
	if *scriptHex != "" {
		raw, err := hex.DecodeString(*scriptHex)
		if err != nil {
			t.Fatal(err)
		}
		for range *scripts {
			playOne(t, raw)
		}
		return
	}
	seed := replay.SeedOr(1)
	fmt.Fprintln(os.Stderr, "scripts from seed", seed) // a panic leaves no other trace of it
	var longest time.Duration
	succeeded, requests := 0, 0
	for i := range uint64(*scripts) {
		out := play(t, decode(randomScript(seed+i)))
		if len(out.wrong) > 0 {
			t.Errorf("LITTLEDL_SEED=%d: %s\n%s", seed+i, strings.Join(out.wrong, "\n"), decode(randomScript(seed+i)))
		}
		longest, requests = max(longest, out.longest), max(requests, out.requests)
		if out.succeeded {
			succeeded++
		}
	}
	t.Logf("%d scripts from seed %d, %d succeeded; the longest Start took %v, the most requests were %d", *scripts, seed, succeeded, round(longest), requests)
}

// FuzzDownload lets the fuzzer write the scripts.
func FuzzDownload(f *testing.F) {
	f.Add([]byte{})
	f.Fuzz(playOne)
}

func playOne(t *testing.T, raw []byte) {
	if out := play(t, decode(raw)); len(out.wrong) > 0 {
		t.Fatalf("%s\n%s", strings.Join(out.wrong, "\n"), decode(raw))
	}
}

// randomScript is enough bytes for any script.
func randomScript(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	raw := make([]byte, 40+r.IntN(260))
	for i := range raw {
		raw[i] = byte(r.Uint32())
	}
	return raw
}
