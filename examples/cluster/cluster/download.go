package cluster

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/littledl/littledl"
)

// download returns a file that is complete and verified, which it may have been before: what has its
// name is of the same URL, by its end. sum is its SHA-256, if littledl has proven it, in hexadecimal.
func (t *task) download() (path, sum string, err error) {
	w, u := t.u.w, t.u
	dir := filepath.Join(w.Scratch, u.life, digits(t.N/1000, 6))
	name := digits(t.N, 9) + "-" + strconv.FormatUint(hash64(t.URL+" "+string(t.Hash)), 16)
	path = filepath.Join(dir, name)
	if _, err := os.Lstat(path); err == nil {
		return path, "", nil
	}
	if err := w.files.enter(u.ctx, t.origin, t.Priority); err != nil {
		return "", "", err
	}
	defer w.files.leave(t.origin)
	if w.asleep != nil {
		sleep(u.ctx, w.asleep(t.item))
		return path, "", nil
	}
	ended := make(chan littledl.FileTask, 1)
	id, err := w.d.AddURL(t.URL, append(t.options(), littledl.WithSavePath(dir), littledl.WithFilename(name), littledl.WithTag(ended))...)
	if err != nil {
		return "", "", err
	}
	var f littledl.FileTask
	select {
	case f = <-ended:
	case <-u.ctx.Done():
		_ = w.d.CancelTask(id, context.Cause(u.ctx)) // of one that has ended nobody knows
		select {
		case f = <-ended:
		case <-w.life.Done():
			return "", "", context.Cause(w.life)
		}
	}
	if f.Err == nil {
		w.mu.Lock()
		w.fullLast = time.Time{}
		w.mu.Unlock()
	}
	if hex, ok := strings.CutPrefix(f.Digest, "sha256:"); ok {
		sum = hex
	}
	return path, sum, f.Err
}

// options are what littledl is told of a job.
func (t *task) options() []littledl.URLOption {
	o := []littledl.URLOption{littledl.WithPriority(t.Priority)}
	if t.Hash != "" {
		o = append(o, littledl.WithIntegrity(string(t.Hash)))
	}
	if t.Size > 0 {
		o = append(o, littledl.WithSize(t.Size))
	}
	if t.HeaderSet != "" {
		o = append(o, littledl.WithHeader(t.u.w.HeaderSets[t.HeaderSet]))
	}
	if len(t.Backup) > 0 {
		o = append(o, littledl.WithBackupURLs(t.Backup...))
	}
	return o
}
