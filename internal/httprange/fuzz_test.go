package httprange

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzGate checks what must hold of every answer whatever it says: no byte
// outside the asked part is accepted, and none of another version.
func FuzzGate(f *testing.F) {
	f.Add(206, int64(1000), "bytes 1000-1999/3000", `"a"`, old, "", "", true, int64(1000), int64(2000), byte(7), int64(3000), `"a"`)
	f.Add(206, int64(2000), "bytes 0-1999/3000", `"a"`, old, "gzip", "", true, int64(1000), int64(2000), byte(15), int64(3000), `"a"`)
	f.Add(206, int64(-1), "bytes 1000-2999/*", "", "", "", "", true, int64(1000), int64(-1), byte(1), int64(3000), ``)
	f.Add(206, int64(9), "bytes 0-8/9", "", "", "", "multipart/byteranges", false, int64(0), int64(0), byte(0), int64(-1), ``)
	f.Add(200, int64(3000), "", `"a"`, old, "", "", true, int64(1000), int64(2000), byte(7), int64(3000), `"a"`)
	f.Add(200, int64(0), "", "", "", "", "", true, int64(0), int64(5), byte(0), int64(-1), ``)
	f.Add(416, int64(0), "bytes */0", "", "", "", "", true, int64(0), int64(5), byte(1), int64(-1), ``)
	f.Add(404, int64(0), "", "", "", "", "", true, int64(0), int64(5), byte(4), int64(-1), ``)
	f.Fuzz(func(t *testing.T, status int, length int64, cr, etag, modified, enc, ct string,
		ranged bool, start, end int64, flags byte, size int64, pinned string,
	) {
		h := http.Header{"Date": {now}}
		for name, v := range map[string]string{
			"Content-Range": cr, "Etag": etag, "Last-Modified": modified, "Content-Encoding": enc, "Content-Type": ct,
		} {
			if v != "" {
				h.Set(name, v)
			}
		}
		if flags&16 != 0 {
			h.Add("Content-Range", cr)
		}
		ask := Ask{Ranged: ranged, Start: max(start, 0), End: end, IfRange: flags&2 != 0, Served: flags&4 != 0}
		if flags&8 != 0 {
			ask.Names = []string{"/a.tar.gz"}
		}
		var pin *Pin
		if flags&1 != 0 {
			pin = &Pin{Size: max(size, -1), ETag: pinned, LastModified: old, DateStrong: true}
			if flags&32 != 0 { // nothing but the size and the tag is known
				pin.LastModified, pin.DateStrong = "", false
			}
		}
		v := Gate(ask, pin, Answer{Status: status, Header: h, ContentLength: max(length, -1)})

		require.NotEqual(t, "unknown", v.Kind.String())
		require.NotEmpty(t, v.Reason)
		if v.Kind != Accept {
			require.Zero(t, v.Skip+v.Offset+v.Take)
			require.False(t, v.Whole)
			return
		}
		require.Contains(t, []int{200, 206}, status)
		requireSameVersion(t, pin, v.Pin, etag, modified)
		if e := v.Pin.Encoding; e != "" { // but for a .gz that is labelled as what it is
			require.True(t, flags&8 != 0 && strings.EqualFold(strings.TrimPrefix(strings.ToLower(e), "x-"), "gzip"), e)
		}
		if v.Whole {
			require.Zero(t, v.Skip)
			require.Zero(t, v.Offset)
			require.NotZero(t, v.Take, "an empty file is not accepted but Empty")
			require.True(t, !ranged || ask.Start == 0)
			require.True(t, v.Take < 0 || v.Take == v.Pin.Size)
			require.True(t, v.Take >= 0 || status == 200 && length < 0, "only a 200 may have no length")
			if pin != nil && pin.Size >= 0 {
				require.True(t, v.Take < 0 || v.Take == pin.Size)
			}
			return
		}
		require.True(t, ranged)
		require.Equal(t, 206, status)
		require.Equal(t, ask.Start, v.Offset)
		require.Positive(t, v.Take)
		require.True(t, 0 <= v.Skip && v.Skip <= 64<<10)
		require.LessOrEqual(t, v.Offset+v.Take, v.Pin.Size)
		if pin != nil && pin.Size >= 0 {
			require.Equal(t, pin.Size, v.Pin.Size)
		}
		require.Zero(t, flags&16, "two content-ranges")
		if ask.End >= 0 {
			require.LessOrEqual(t, v.Offset+v.Take, ask.End)
		}
		claim, err := ParseContentRange(cr)
		require.NoError(t, err)
		require.Equal(t, claim.Start, v.Offset-v.Skip)
		require.LessOrEqual(t, v.Offset+v.Take, claim.End)
		require.True(t, length < 0 || length == claim.End-claim.Start)
	})
}

// requireSameVersion checks that an accepted answer contradicts the pin in nothing that
// both tell, and that a size which is known cannot be lost.
func requireSameVersion(t *testing.T, pin *Pin, got Pin, etag, modified string) {
	t.Helper()
	if pin == nil {
		return
	}
	if pin.Size >= 0 && got.Size >= 0 {
		require.Equal(t, pin.Size, got.Size)
	}
	if pin.ETag != "" && etag != "" {
		require.Equal(t, pin.ETag, etag)
		require.Equal(t, pin.ETag, got.ETag)
	}
	if pin.LastModified != "" && modified != "" && pin.LastModified != modified {
		a, err := http.ParseTime(pin.LastModified)
		require.NoError(t, err)
		b, err := http.ParseTime(modified)
		require.NoError(t, err)
		require.True(t, a.Equal(b))
	}
}
