package httprange

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStrongETag(t *testing.T) {
	for _, etag := range []string{`"a"`, `"abc-123"`, `"W/x"`, `"!#~"`, "\"\x80\xff\"", `"a'b\c"`} {
		require.True(t, StrongETag(etag), "%q", etag)
	}
	for _, etag := range []string{"", `"`, `""`, `W/"a"`, `w/"a"`, "abc", `"abc`, `abc"`, `"a"b"`, `"a b"`, "\"a\x7f\"", "\"a\tb\"", `'a'`} {
		require.False(t, StrongETag(etag), "%q", etag)
	}
}

func TestIfRange(t *testing.T) {
	for _, c := range []struct {
		name string
		pin  Pin
		want string
	}{
		{"strong etag", Pin{ETag: `"a"`, LastModified: old, DateStrong: true}, `"a"`},
		{"weak etag, strong date (case 73)", Pin{ETag: `W/"a"`, LastModified: old, DateStrong: true}, old},
		{"malformed etag (case 76)", Pin{ETag: `abc`}, ""},
		{"strong date only (case 74)", Pin{LastModified: old, DateStrong: true}, old},
		{"weak date (case 74)", Pin{LastModified: old}, ""},
		{"no date", Pin{LastModified: "yesterday", DateStrong: true}, ""},
		{"nothing (case 75)", Pin{}, ""},
	} {
		require.Equal(t, c.want, c.pin.IfRange(), c.name)
	}
}
