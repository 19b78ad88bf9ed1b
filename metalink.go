package littledl

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/metalink"
	"github.com/littledl/littledl/internal/task"
)

// AddMetalink queues the files of a Metalink document (RFC 5854), all of them or none, and returns
// the tasks' IDs in its order. Of each it takes the name, which may have directories below the save
// path; the size and all hashes that WithHash knows, which must hold; and the http and https sources
// by their priority, the first as the URL and the others as backup URLs. Hashes of pieces tell which
// of them are wrong: these alone are fetched again, from another source. The options hold for all
// files; WithFilename, WithBackupURLs and writers are ErrInvalidOption.
//
// A document is refused, with ErrInvalidOption, that has more than 16 MiB, 100,000 files, 64 such
// sources of one file or 32 elements in each other, a document type, or is none of this kind. Other
// errors are those of r, and ErrUnsafeName, ErrInvalidURL, ErrDuplicateTarget and ErrStopped.
func (d *EnhancedBatchDownloader) AddMetalink(r io.Reader, opts ...URLOption) (taskIDs []string, err error) {
	said, err := newURLOptions("", opts)
	if err == nil && (said.Filename != "" || said.Backups != nil || said.Seldom().Writer != nil) {
		err = invalidOption("WithFilename, WithBackupURLs or a writer for a Metalink, which names its files and their sources")
	}
	if err != nil {
		return nil, addError("", err)
	}
	files, err := metalink.Parse(r)
	if errors.Is(err, metalink.ErrMalformed) {
		err = fmt.Errorf("%w: %w", ErrInvalidOption, err)
	}
	if err != nil {
		return nil, addError("", err)
	}
	items := make([]task.Item, len(files))
	for i, f := range files {
		items[i] = task.Item{URL: f.Sources[0], Spec: said}
		if err := d.addFile(&items[i].Spec, f); err != nil {
			return nil, addError(items[i].URL, err)
		}
	}
	taskIDs, at, err := d.table.AddEach(items)
	if err != nil {
		return nil, addError(items[at].URL, fmt.Errorf("%w: %w", ErrDuplicateTarget, err))
	}
	d.control.Wake()
	return taskIDs, nil
}

// addFile adds what a document says of a file.
func (d *EnhancedBatchDownloader) addFile(o *urlOptions, f metalink.File) error {
	for _, u := range f.Sources {
		if err := checkURL(u); err != nil {
			return fmt.Errorf("%.100q: %w", f.Name, err)
		}
	}
	both, ok := o.Hash.And(f.Hash)
	if !ok {
		return invalidOption("WithHash contradicts the Metalink")
	}
	o.Filename, o.Hash, o.Backups = f.Name, both, slices.Clone(f.Sources[1:])
	if o.Say().Pieces = f.Pieces; f.Pieces == nil && f.Size >= 0 {
		o.Say().Pieces = &digest.Pieces{Size: f.Size}
	}
	return d.admit(o, 1)
}
