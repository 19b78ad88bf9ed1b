package disk

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/fail"
)

// Verify compares what is on the disk with what is wanted: so many bytes, with this digest,
// where one is known. Cut: more bytes may be there, of an attempt before this one. Prefix,
// if there is one, has read some of them already; it must not be following any more.
func (t *Target) Verify(ctx context.Context, size int64, cut bool, want digest.Sum, prefix *PrefixHash) error {
	t.mustBe("Verify", Open)
	have, err := t.part.Size()
	if err == nil && have > size && cut {
		err, have = t.part.Truncate(size), size
	}
	if err != nil {
		return localErr(err)
	}
	if have != size {
		return fmt.Errorf("%w: %d bytes on disk, %d expected", fail.ErrSizeMismatch, have, size)
	}
	if want.IsZero() {
		return nil
	}
	h, from := prefix.sofar(want)
	if err := HashTo(ctx, h, t.part, from, size); err != nil {
		return err
	}
	if !want.Matches(h) {
		return fmt.Errorf("%w: %s; the server has another file, or the hash is wrong", fail.ErrHashMismatch, want.Mismatch(h))
	}
	t.Proved(want, string(h.Sum(nil)))
	return nil
}

// Proved notes the digest that the file was seen to have, as it was wanted.
func (t *Target) Proved(want digest.Sum, got string) {
	algorithm, sum := want.Strongest(got)
	if t.proved = ""; sum != "" {
		t.proved = algorithm + ":" + hex.EncodeToString([]byte(sum))
	}
}

// Digest is what Proved has noted, as "sha256:HEX"; "": nothing, or one that has no name.
func (t *Target) Digest() string { return t.proved }

// HashTo feeds bytes [off, end) of a file to a hash, up to the file's end.
func HashTo(ctx context.Context, h hash.Hash, r io.ReaderAt, off, end int64) error {
	buf := make([]byte, min(256<<10, max(end-off, 1)))
	for off < end {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := r.ReadAt(buf[:min(int64(len(buf)), end-off)], off)
		h.Write(buf[:n])
		off += int64(n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return localErr(fmt.Errorf("read the file back: %w", err))
		}
	}
	return nil
}
