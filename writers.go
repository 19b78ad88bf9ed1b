package littledl

import (
	"io"

	"github.com/littledl/littledl/internal/sink"
)

// WithWriter has the file's bytes written to w, in order, and nothing on the disk: the task has no
// name and touches no directory, and its Path is "". w is never closed, and has one Write at a
// time of this task, from any goroutine. While it takes its time the download waits, which counts
// as no stall and is in no timeout; nor can it be ended by Cancel. Several connections may serve w,
// ahead of it by DownloadConfig.MaxReorder. Several tasks may not share a w that is not made for it.
//
// What was written stays. After a failure the file goes on behind it, but only with the version
// that it was of, by a strong ETag or Last-Modified, be it from a mirror: else, and in any later
// Start, the task fails with ErrRemoteChanged. A file of which the server names no such version
// comes in one stream. Hashes are judged when all is written: whoever must not act on other
// content waits for the end. An error of w is final, with no other attempt.
//
// ErrInvalidOption: w is nil, or given beside another writer, WithFilename, WithFinalURLName,
// WithMode, WithFinish or an Overwrite policy, or for several URLs. Such a task is no duplicate of
// any other. For both downloaders; the default is a file on the disk.
func WithWriter(w io.Writer) URLOption {
	return func(o *urlOptions) error {
		if w == nil {
			return invalidOption("WithWriter(nil)")
		}
		return setWriter(o, sink.To(w))
	}
}

// WithWriterAt is WithWriter for one that takes bytes in any order, from several goroutines at
// once, but no byte twice: nothing is held back for it. Where a digest is known, by WithHash or from
// the server, it has them in order as well, since that is computed on the way. For both
// downloaders; the default is a file on the disk.
func WithWriterAt(w io.WriterAt) URLOption {
	return func(o *urlOptions) error {
		if w == nil {
			return invalidOption("WithWriterAt(nil)")
		}
		return setWriter(o, sink.ToAt(w))
	}
}

func setWriter(o *urlOptions, w *sink.Writer) error {
	if o.Seldom().Writer != nil {
		return invalidOption("several writers for one file")
	}
	o.Say().Writer = w
	return nil
}

// checkWriter refuses what a writer contradicts.
func (s *settings) checkWriter(o *urlOptions, urls int) error {
	switch {
	case o.Seldom().Writer == nil:
		return nil
	case urls > 1:
		return invalidOption("one writer for %d URLs; use AddURL for each", urls)
	case o.Filename != "":
		return invalidOption("WithFilename beside a writer, whose file has no name")
	case o.Expect != nil && (o.Expect.Finish != nil || o.Expect.Moded || o.Expect.ByFinalURL):
		return invalidOption("WithFinish, WithMode or WithFinalURLName beside a writer, which leaves no file")
	case s.cfg.Overwrite != OverwriteRename:
		return invalidOption("DownloadConfig.Overwrite beside a writer, whose file has no name")
	}
	return nil
}
