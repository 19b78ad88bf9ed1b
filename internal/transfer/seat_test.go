package transfer

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLasting: a context serves one thing after the other, until it is ended, by whomever.
func TestLasting(t *testing.T) {
	var l lasting
	parent, endParent := context.WithCancel(t.Context())
	first, cancel := l.under(parent)
	again, _ := l.under(parent)
	require.Equal(t, first, again)

	why := errors.New("why")
	cancel(why)
	second, _ := l.under(parent)
	require.NoError(t, second.Err())
	require.Equal(t, why, context.Cause(first))

	other, _ := l.under(t.Context())
	require.Error(t, second.Err(), "nobody uses it any more")
	require.NoError(t, other.Err())
	third, _ := l.under(parent)
	endParent()
	require.Error(t, third.Err())
	last, _ := l.under(t.Context())
	require.NoError(t, last.Err())
	l.end()
	require.Error(t, last.Err())
	l.end()
}
