package fetch

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKey(t *testing.T) {
	for raw, want := range map[string]string{
		"https://Files.Test":        "https://files.test:443",
		"HTTP://files.test.:80/":    "http://files.test:80",
		"http://[::1]:8080":         "http://[::1]:8080",
		"Files.Test.":               "files.test",
		"B\u00dccher.test":          "xn--bcher-kva.test",
		"10.0.0.1":                  "10.0.0.1",
		"[0::1]":                    "::1",
		"::1":                       "::1",
		"files.test:80":             "",
		"files.test/a":              "",
		"https://files.test/a":      "",
		"https://u@files.test":      "",
		"https://files.test?":       "",
		"https://":                  "",
		"[files.test]":              "",
		"files.test]":               "",
		"[10.0.0.1]":                "",
		"":                          "",
		".":                         "",
		"[":                         "",
		"*.test\n":                  "",
		"https://files.test:99999/": "",
	} {
		got, err := Key(raw)
		require.Equal(t, want, got, raw)
		require.Equal(t, want == "", err != nil, raw)
	}
	require.Equal(t, "files.test", HostOf("https://files.test:443"))
	require.Equal(t, "::1", HostOf("http://[::1]:8080"))
}
