package littledl_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestTaskAsJSON: what is written down of a task has the reason why it failed, and no secret.
func TestTaskAsJSON(t *testing.T) {
	inBoth(t, func(b *bed) {
		var backup []littledl.URLOption
		if b.enhanced {
			backup = append(backup, littledl.WithBackupURLs(b.srv.URL("c.bin")+"?key="+secret))
		}
		good := b.add(b.srv.File("a.bin", faultserver.Size(1000)))
		bad := b.add(b.srv.File("b.bin", faultserver.Behave(faultserver.Status(404))), backup...)
		require.Error(b, b.start())
		for id, failed := range map[string]bool{good: false, bad: true} {
			text, err := json.Marshal(b.task(id))
			require.NoError(b, err)
			require.NotContains(b, string(text), secret)
			var all map[string]any
			require.NoError(b, json.Unmarshal(text, &all))
			require.Equal(b, id, all["TaskID"])
			require.Equal(b, string(b.task(id).Status), all["Status"])
			require.Contains(b, all, "SavePath")
			require.Contains(b, all["URL"], "http://files.test/")
			if !failed {
				require.Nil(b, all["Err"])
				continue
			}
			require.Equal(b, b.task(id).Err.Error(), all["Err"])
			require.Contains(b, all["Err"], "404")
			if b.enhanced {
				require.Len(b, all["Sources"], 2)
				require.Contains(b, b.task(id).Sources[1].URL, secret, "the snapshot is as it was")
			}
		}
		text, err := json.Marshal(littledl.FileTask{FileSize: -1})
		require.NoError(b, err)
		var back struct {
			Err      string
			FileSize int64
		}
		require.NoError(b, json.Unmarshal(text, &back))
		require.EqualValues(b, -1, back.FileSize)
	})
}
