package littledl_test

import (
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/littledl/littledl/internal/faultserver"
)

// TestOutOfDescriptors is number 53 of the catalogue: more files at once than the
// process may have open. It runs in a process of its own, which has that limit.
func TestOutOfDescriptors(t *testing.T) {
	const limited = "LITTLEDL_TEST_LIMITED"
	if os.Getenv(limited) != "" {
		inBubble(t, func(b *bed) {
			b.files = 80
			b.downloader().SetProgressCallback(nil) // who looks at files needs descriptors
			for i := range 100 {
				b.add(b.srv.File(strconv.Itoa(i), Size(100*kib), Behave(Slow(50*kib))))
			}
			require.NoError(b, b.start())
			waited := 0
			for _, task := range b.d.GetAllTasks() {
				waited += task.RetryCount
			}
			require.Positive(b, waited, "the limit was to be reached")
		})
		return
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell to set a limit with")
	}
	test := exec.Command(shell, "-c", `ulimit -n 48 && exec "$0" -test.run '^TestOutOfDescriptors$'`, os.Args[0])
	test.Env = append(os.Environ(), limited+"=yes")
	out, err := test.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
