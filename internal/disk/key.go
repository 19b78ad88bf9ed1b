package disk

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/partfile"
)

// PartKey tells the parts of different jobs in one directory apart: by the target where
// the caller named it, else by the URL. Those of URLs that differ in their queries alone begin
// alike.
func PartKey(dir, filename string, u *url.URL) string {
	if filename != "" {
		if abs, err := filepath.Abs(filepath.Join(dir, filepath.FromSlash(filename))); err == nil {
			filename = abs
		}
		return shortHash(filename)
	}
	whole := Unsigned(u)
	path, query, _ := strings.Cut(whole, "?")
	if query == "" {
		return shortHash(path)
	}
	return shortHash(path) + shortHash(whole)
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}

// SourceID names a URL without telling it.
func SourceID(u *url.URL) (id [16]byte) {
	var room [256]byte // most URLs fit, and then cost no allocation
	sum := sha256.Sum256(append(room[:0], Unsigned(u)...))
	copy(id[:], sum[:])
	return id
}

// MarkOf is the mark of what a URL has: zero where no validator tells versions of it apart.
func MarkOf(u *url.URL, v httprange.Pin) (m partfile.Mark) {
	if !httprange.StrongETag(v.ETag) {
		if _, err := httprange.ParseTime(v.LastModified); err != nil {
			return m
		}
	}
	id := SourceID(u)
	copy(m.Source[:], id[:])
	var room [256]byte
	b := append(room[:0], id[:]...)
	b = append(append(b, 0), v.ETag...)
	b = append(append(b, 0), v.LastModified...)
	sum := sha256.Sum256(strconv.AppendInt(append(b, 0), v.Size, 10))
	copy(m.Version[:], sum[:])
	return m
}

// Unsigned is a URL without user info, fragment and the parameters that object stores and
// delivery networks sign requests with.
func Unsigned(u *url.URL) string {
	if u.User == nil && u.Fragment == "" && u.RawQuery == "" {
		return u.String()
	}
	c := *u
	c.User, c.Fragment, c.RawFragment = nil, "", ""
	if c.RawQuery == "" {
		return c.String()
	}
	q := c.Query()
	for k := range q {
		if signs(strings.ToLower(k)) {
			delete(q, k)
		}
	}
	c.RawQuery = q.Encode()
	return c.String()
}

// signs reports whether a parameter of a URL is part of a signature.
func signs(name string) bool {
	switch name {
	case "signature", "expires", "key-pair-id", "policy", "awsaccesskeyid", "googleaccessid", "sig", "se", "st", "sp", "sv", "sr", "skoid", "sktid", "skt", "ske", "sks", "skv", "token",
		"access_token", "auth_token", "security-token", "auth_key", "sign", "hmac", "jwt", "verify", // of whoever has made his own
		"ossaccesskeyid", "accesskeyid", "hdnts", "hdnea", "hdntl", "__token__", "wssecret", "wstime", "txsecret", "txtime",
		"q-sign-algorithm", "q-ak", "q-sign-time", "q-key-time", "q-header-list", "q-url-param-list", "q-signature":
		return true
	}
	return strings.HasPrefix(name, "x-amz-") || strings.HasPrefix(name, "x-goog-") || strings.HasPrefix(name, "x-oss-") ||
		strings.HasPrefix(name, "x-cos-") || strings.HasPrefix(name, "x-obs-")
}
