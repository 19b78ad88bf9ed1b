package recovery

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// mutants are planted faults: each is a change of the text of one file, that shows where
// planted is its name, and what finds it.
var mutants = []struct {
	name     string
	file     string
	was, is  string // PLANTED in it is whether it shows
	test     string
	property string // what that says
}{
	{"a free recall", "source.go", "s.recalls--", "if !PLANTED {\n s.recalls-- }", "TestEveryWorldEnds/two_that", "does not bring it nearer"},
	{"a free return", "source.go", "s.returns--\n\ts.waited", "if !PLANTED {\n s.returns-- }\n s.waited", "TestReturnsEnd", "is not less than"},
	{"a free restart", "rows.go", "x.f.changes--\n\tstartOver(x)", "if !PLANTED {\n x.f.changes-- }\n startOver(x)", "TestEveryWorldEnds/one", "does not bring it nearer"},
	{"a free fallback", "pick.go", "s.fallback = false", "s.fallback = PLANTED", "TestEveryWorldEnds/two_sources", "does not bring it nearer"},
	{"failures that cost nothing", "prices.go", "x.s.retriesSpent++", "if !PLANTED {\n x.s.retriesSpent++ }", "TestEveryWorldEnds/one", "does not bring it nearer"},
	{"patience without end", "prices.go", "x.s.patience--", "if !PLANTED {\n x.s.patience-- }", "TestEveryWorldEnds/one", "does not bring it nearer"},
	{"old outcomes that decide", "outcome.go", "gen != s.gen ||", "gen != s.gen && !PLANTED ||", "TestEveryWorldEnds/two_workers", "was 0 and is"},
	{"an answer is as good as bytes", "outcome.go", "s.pinned, s.renewed, s.strikes = true, false, 0", "s.pinned, s.renewed, s.strikes = true, false, 0\n if PLANTED {\n s.waited = wait.Account{} }", "TestEveryWorldEnds/two_workers", "does not bring it nearer"},
	{"bytes of two files", "file.go", "if f.some() && !s.pinned", "if !PLANTED && f.some() && !s.pinned", "TestEveryWorldEnds/two_sources", "may be another file"},
	{"others are asked in a repair", "pick.go", "return f.isolated > 0 &&", "return !PLANTED && f.isolated > 0 &&", "TestEveryWorldEnds/a_wrong", "during a repair"},
	{"what is right is thrown away with a wrong piece", "repair.go", "(f.pieces || pinned", "(f.pieces && !PLANTED || pinned", "TestSpoilt", "Should be true"},
	{"one that has to be left alone is asked", "pick.go", "return max(f.source(j).notBefore, o[j].Until", "if PLANTED {\n return 0 }\n return max(f.source(j).notBefore, o[j].Until", "TestOutagesFailNothing", "asks too soon"},
	{"a wait is charged ahead, to the origin", "../health/health.go", "\th.waited.Failed(start, now, h.Until)\n}\n\n// Refused", "if PLANTED {\n now = h.Until }\n h.waited.Failed(start, now, h.Until)\n}\n\n// Refused", "TestOutageOfTheSecond", "begins at"},
	{"a wait is charged ahead, to the file", "prices.go", "\t\tx.s.waited.Failed(x.Start, x.Now, max", "if PLANTED {\n x.Now = x.tries.Until }\n x.s.waited.Failed(x.Start, x.Now, max", "TestOutageOfTheSecond", "begins at"},
	{"a busy source is never left", "rows.go", "return max(x.tries.Refusals, x.s.refusals) > x.f.lim.Retries &&", "return !PLANTED && max(x.tries.Refusals, x.s.refusals) > x.f.lim.Retries &&", "TestOutagesFailNothing", "beside a source that is ready"},
	{"a busy source is never given up", "rows.go", "return x.s.waited.Spent() >=", "return !PLANTED && x.s.waited.Spent() >=", "TestEveryWorldEnds/two_in", "is waited for and waited for"},
	{"a draining source is never given up", "outcome.go", "draining: {drain, []row{\n\t\t{waitedOut, reject},", "draining: {drain, []row{\n{func(x *outcome) bool { return !PLANTED && waitedOut(x) }, reject},", "TestEveryWorldEnds/two_in", "is waited for and waited for"},
	{"a dead source is waited for", "pick.go", "case o[c].State != health.Busy:", "case PLANTED:\n return never\n case o[c].State != health.Busy:", "TestOutagesFailNothing", "beside a source that is ready"},
	{"a file is given up in an outage", "pick.go", "s.epoch == h.Epoch && h.WithinDeadline", "s.epoch == h.Epoch && !PLANTED && h.WithinDeadline", "TestOutagesFailNothing", "failed at"},
	{"ways of asking that cost nothing", "prices.go", "x.s.forms--", "if !PLANTED {\n x.s.forms-- }", "TestEveryWorldEnds/ranges", "does not bring it nearer"},
	{"one too many for ever", "prices.go", "x.s.companions--", "if !PLANTED {\n x.s.companions-- }", "TestEveryWorldEnds/two_workers", "does not bring it nearer"},
	{"the first byte of others is waited for, for ever", "prices.go", "default:\n\t\tx.s.waited.Failed(x.Start, x.Now, x.tries.Until)", "default:\n if !PLANTED {\n x.s.waited.Failed(x.Start, x.Now, x.tries.Until) }", "TestEveryWorldEnds/two_workers", "does not bring it nearer"},
	{"what is there is given up for a hope", "rows.go", "if x.s.instead = true; nothingThere(x) {", "if x.s.instead = true; nothingThere(x) || PLANTED {", "TestAskedInstead", "is thrown away"},
	{"correlated failures are paid one by one", "outcome.go", "x.s.gen++", "if !PLANTED {\n x.s.gen++ }", "TestAllBreakAtOnce", "fails at"},
}

// TestMutants: the properties that are checked are what keeps these faults out. All are planted
// in one copy of the packages, which is compiled once; one of them shows at a time.
func TestMutants(t *testing.T) {
	texts, dir := map[string]string{}, t.TempDir()
	for _, m := range mutants {
		if texts[m.file] == "" {
			text, err := os.ReadFile(m.file)
			require.NoError(t, err)
			texts[m.file] = string(text)
		}
		require.Equal(t, 1, strings.Count(texts[m.file], m.was), "%s is to be planted elsewhere", m.name)
		texts[m.file] = strings.Replace(texts[m.file], m.was, strings.ReplaceAll(m.is, "PLANTED", fmt.Sprintf("(planted == %q)", m.name)), 1)
	}
	for _, file := range []string{"planted.go", "../health/planted.go"} {
		at, err := filepath.Abs(file)
		require.NoError(t, err)
		texts[file] = "package " + filepath.Base(filepath.Dir(at)) + "\n\nimport \"os\"\n\nvar planted = os.Getenv(\"PLANTED\")\n"
	}
	replace := map[string]string{}
	for file, text := range texts {
		at, err := filepath.Abs(file)
		require.NoError(t, err)
		replace[at] = filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		require.NoError(t, os.WriteFile(replace[at], []byte(text), 0o600))
	}
	overlay, spoilt := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "spoilt")
	list, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(overlay, list, 0o600))
	out, err := exec.Command("go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", overlay, "-o", spoilt, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	run := func(test, fault string) ([]byte, error) {
		cmd := exec.Command(spoilt, "-test.run", "^"+test)
		cmd.Env = append(os.Environ(), "PLANTED="+fault, "LITTLEDL_EXPLORE=")
		return cmd.CombinedOutput()
	}
	out, err = run("(TestEveryWorldEnds/two_sources|TestOutageOfTheSecond|TestReturnsEnd|TestAllBreakAtOnce)", "")
	require.NoError(t, err, "as long as none shows: %s", out)
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			out, err := run(m.test, m.name)
			require.Error(t, err, "it lives:\n%s", out)
			require.Contains(t, string(out), "--- FAIL: Test", "%s", out)
			require.Contains(t, string(out), m.property)
		})
	}
}
