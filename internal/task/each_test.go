package task_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/sink"
	"github.com/littledl/littledl/internal/task"
)

// TestAddEach: all are added or none, and a name that was not had is free.
func TestAddEach(t *testing.T) {
	tab := task.New(task.Config{Places: 1})
	item := func(name string) task.Item {
		return task.Item{URL: "http://a.test/x", Spec: task.Spec{Dir: "d", Filename: name}}
	}
	ids, _, err := tab.AddEach([]task.Item{item("a"), item("b")})
	require.NoError(t, err)
	require.Equal(t, []string{"task-1", "task-2"}, ids)
	var taken *task.NameTakenError
	_, at, err := tab.AddEach([]task.Item{item("c"), item("B"), item("d")})
	require.ErrorAs(t, err, &taken)
	require.Equal(t, "task-2", taken.Owner)
	require.Equal(t, 1, at)
	ids, _, err = tab.AddEach([]task.Item{item("c"), item("d")})
	require.NoError(t, err)
	require.Equal(t, []string{"task-3", "task-4"}, ids)
}

// TestOwnKind: what goes to a writer waits for nobody, nor does what must be something else.
func TestOwnKind(t *testing.T) {
	tab := task.New(task.Config{Places: 10})
	for _, few := range []task.Seldom{
		{}, {Writer: sink.To(new(bytes.Buffer))}, {Writer: sink.To(new(bytes.Buffer))}, {Pieces: &digest.Pieces{Size: 1}}, {Pieces: &digest.Pieces{Size: 2}},
	} {
		s := task.Spec{Dir: "d"}
		*s.Say() = few
		task, err := tab.Add("http://a.test/x", s)
		require.NoError(t, err)
		require.Same(t, task, tab.Take())
	}
	again := task.Spec{Dir: "d"}
	again.Say().Pieces = &digest.Pieces{Size: 2}
	_, err := tab.Add("http://a.test/x", again)
	require.NoError(t, err)
	require.Nil(t, tab.Take(), "it waits for the one that is the same")
}
