package littledl_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// inOwnProcess runs the calling test once more in a process of its own, for what it
// does to all of a process or wants of its environment. It is true in that one, and
// false, after its end, in the other. Limits are shell commands that come before; "" is
// none.
func inOwnProcess(t *testing.T, limits string, env ...string) bool {
	t.Helper()
	const alone = "LITTLEDL_TEST_ALONE"
	if os.Getenv(alone) == t.Name() {
		return true
	}
	test := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.timeout", "2m")
	if limits != "" {
		shell, err := exec.LookPath("sh")
		if err != nil {
			t.Skip("no shell to set a limit with")
		}
		test.Args = append([]string{shell, "-c", limits + ` && exec "$0" "$@"`}, test.Args...)
		test.Path = shell
	}
	test.Env = append(append(os.Environ(), alone+"="+t.Name()), env...)
	out, err := test.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return false
}

// runTest runs a test in a process of its own that may come to a bad end.
func runTest(t *testing.T, name string, env ...string) (out string, err error) {
	t.Helper()
	test := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+name+"$", "-test.timeout", "1m")
	test.Env = append(os.Environ(), env...)
	text, err := test.CombinedOutput()
	return string(text), err
}
