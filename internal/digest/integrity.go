package digest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Integrity reads what expects a file in the words of the W3C's Subresource Integrity: digests
// in base64 behind the names of their algorithms, with blanks between. Those by the strongest
// algorithm are alternatives, and the others do not count; nor do those of algorithms that the
// specification does not know, unless there is no other. Or it is "sha256:HEX".
func Integrity(text string) (Sum, error) {
	if algorithm, digits, ok := strings.Cut(strings.TrimSpace(text), ":"); ok {
		return Parse(algorithm, digits)
	}
	best, any := -1, []string(nil)
	for token := range strings.FieldsSeq(text) {
		expression, _, _ := strings.Cut(token, "?") // options, of which none is defined
		algorithm, value, ok := strings.Cut(expression, "-")
		if !ok || algorithm == "" || value == "" {
			return Sum{}, fmt.Errorf("%.80q is not of the form sha384-BASE64", token)
		}
		rank := slices.Index(integrity, strings.ToLower(algorithm))
		if rank < 0 {
			continue
		}
		raw, err := fromBase64(value)
		if size, _ := Size(integrity[rank]); err != nil || len(raw) != size {
			return Sum{}, fmt.Errorf("%.200q holds no %s digest in base64", token, integrity[rank])
		}
		if rank > best {
			best, any = rank, nil
		}
		if rank == best && !slices.Contains(any, string(raw)) {
			any = append(any, string(raw))
		}
	}
	if best < 0 {
		return Sum{}, errors.New("there is no digest by sha256, sha384 or sha512")
	}
	slices.Sort(any) // the same expectation is the same Sum
	if len(any) > maxAlternatives {
		return Sum{}, fmt.Errorf("there are %d alternatives; at most %d are taken", len(any), maxAlternatives)
	}
	return Sum{}.with(integrity[best], any), nil
}

// maxAlternatives is as many as fit into the journal of a part.
const maxAlternatives = 16

// integrity are the algorithms of that specification, the weakest first.
var integrity = []string{"sha256", "sha384", "sha512"}

// fromBase64 takes both alphabets, with padding or without, as the specification does.
func fromBase64(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	return base64.RawStdEncoding.DecodeString(text)
}
