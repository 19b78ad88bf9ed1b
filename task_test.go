package littledl_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// TestTaskIDs: what is no task's ID gets nothing.
func TestTaskIDs(t *testing.T) {
	d, err := littledl.NewBatchDownloader()
	require.NoError(t, err)
	ids, err := d.AddURLs([]string{"http://files.test/a", "http://files.test/b"}, "dir")
	require.NoError(t, err)
	require.Len(t, ids, 2)
	for i, id := range ids {
		task, ok := d.GetTask(id)
		require.True(t, ok)
		require.Equal(t, id, task.TaskID)
		require.Equal(t, "http://files.test/"+string(rune('a'+i)), task.URL)
		require.Equal(t, littledl.StatusPending, task.Status)
		require.Equal(t, int64(-1), task.FileSize)
	}
	for _, id := range []string{"", "task-0", "task-3", "task--1", "task-01", "task-1 ", "1", "task-99999999999999999999"} {
		_, ok := d.GetTask(id)
		require.False(t, ok, id)
	}
}

// TestFileTask: what the methods of a task say of its fields.
func TestFileTask(t *testing.T) {
	var none littledl.FileTask
	none.FileSize = -1
	require.Zero(t, none.Progress())
	require.Empty(t, none.Path())
	require.False(t, none.IsSmallFile() || none.IsLargeFile())
	task := littledl.FileTask{SavePath: "x", Filename: "sub/a.bin", FileSize: 200, Downloaded: 50, Status: littledl.StatusDownloading}
	require.Equal(t, filepath.Join("x", "sub", "a.bin"), task.Path())
	require.Equal(t, 25.0, task.Progress())
	require.True(t, task.IsActive() && task.IsSmallFile())
	require.True(t, littledl.FileTask{FileSize: 5<<20 - 1}.IsSmallFile())
	require.False(t, littledl.FileTask{FileSize: 5 << 20}.IsSmallFile())
	require.False(t, littledl.FileTask{FileSize: 100 << 20}.IsLargeFile())
	require.True(t, littledl.FileTask{FileSize: 100<<20 + 1}.IsLargeFile())
	require.Equal(t, 100.0, littledl.FileTask{Status: littledl.StatusCompleted}.Progress())
	require.True(t, littledl.FileTask{Status: littledl.StatusFailed, Err: errors.New("x")}.IsFailed())
}
