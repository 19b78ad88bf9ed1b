package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// TestWaitingIsExplained: a batch that stands still says why.
func TestWaitingIsExplained(t *testing.T) {
	var trouble troubles
	require.Empty(t, trouble.latest())
	slog.New(&trouble).Debug("attempt failed", "url", "http://a.test/x", "err", errors.New("connection \x1b refused"))
	require.Equal(t, "connection ? refused", trouble.latest())

	var out bytes.Buffer
	p := &plain{out: &out, stderr: &out, perFile: true}
	d, err := littledl.NewBatchDownloader()
	require.NoError(t, err)
	for range 2 * patience {
		p.progress(d, trouble.latest())
	}
	require.Equal(t, strings.Repeat("  0%  0 of 0 files  waiting: connection ? refused\n", 2), out.String())
}
