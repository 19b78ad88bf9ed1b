package digest

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// FromHeader returns the digest that a server gives of the whole file: Repr-Digest
// (RFC 9530, section 3), or the older Digest (RFC 3230); Content-Digest only where
// the body is the whole file. The strongest known algorithm counts; the zero Sum:
// none. It vouches for integrity, not for authenticity: it comes from where the data
// comes from.
func FromHeader(h http.Header, whole bool) Sum {
	names := []string{"Repr-Digest", "Digest"}
	if whole {
		names = append(names, "Content-Digest")
	}
	var best Sum
	for _, name := range names {
		for _, line := range h.Values(name) {
			for item := range strings.SplitSeq(line, ",") {
				if s := parseItem(strings.TrimSpace(item)); len(s.Bytes) > len(best.Bytes) {
					best = s
				}
			}
		}
	}
	return best
}

// parseItem reads sha-256=:BASE64: or SHA-256=BASE64.
func parseItem(item string) Sum {
	key, value, ok := strings.Cut(item, "=")
	if !ok {
		return Sum{}
	}
	algorithm := map[string]string{"sha-256": "sha256", "sha-512": "sha512"}[strings.ToLower(strings.TrimSpace(key))]
	if algorithm == "" {
		return Sum{}
	}
	value, _, _ = strings.Cut(value, ";") // parameters
	value = strings.Trim(strings.TrimSpace(value), ":")
	raw, err := base64.StdEncoding.DecodeString(value)
	if size, _ := Size(algorithm); err != nil || len(raw) != size {
		return Sum{}
	}
	return Sum{Algorithm: algorithm, Bytes: string(raw)}
}
