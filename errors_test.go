package littledl_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// TestBatchError names the first few, counts the rest, and shows each to errors.Is.
func TestBatchError(t *testing.T) {
	batch := &littledl.BatchError{}
	for i := range 5 {
		batch.Failed = append(batch.Failed, &littledl.FileError{
			TaskID: fmt.Sprint("task-", i+1), URL: fmt.Sprintf("http://files.test/%d", i), Op: "download", Attempts: i, Err: io.ErrUnexpectedEOF,
		})
	}
	batch.Failed[3].Err = &littledl.StatusError{Code: 503, RetryAfter: time.Minute}
	require.Equal(t, "5 files did not complete: download http://files.test/0: unexpected EOF; download http://files.test/1: unexpected EOF; "+
		"download http://files.test/2: unexpected EOF (after 2 attempts); and 2 more", batch.Error())
	require.ErrorIs(t, batch, io.ErrUnexpectedEOF)
	var status *littledl.StatusError
	require.ErrorAs(t, batch, &status)
	require.Equal(t, 503, status.Code)
	var fe *littledl.FileError
	require.ErrorAs(t, errors.Join(errEnough, batch), &fe)
	require.Equal(t, "task-1", fe.TaskID)
	batch.Failed = batch.Failed[:1]
	require.Equal(t, "1 file did not complete: download http://files.test/0: unexpected EOF", batch.Error())
}

// TestStatusErrors tell what to do.
func TestStatusErrors(t *testing.T) {
	for code, hint := range map[int]string{
		401: "WithHeader", 403: "credentials", 404: "check the URL", 407: "proxy", 410: "check the URL",
		418: "418", 429: "MaxConnectionsPerHost", 503: "MaxConnectionsPerHost",
	} {
		require.ErrorContains(t, &littledl.StatusError{Code: code}, hint)
	}
	require.ErrorContains(t, &littledl.StatusError{Code: 429, RetryAfter: 90 * time.Second}, "retry after 1m30s")
}
