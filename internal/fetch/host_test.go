package fetch_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fetch"
)

// TestOrigins: however one is spelled, it is one, by its key and by what is sent.
func TestOrigins(t *testing.T) {
	for want, spellings := range map[string][]string{
		"http://a.test:80": {
			"http://a.test", "http://A.TEST/", "HTTP://a.test:80/x", "http://a.test:/", "http://a.test:00080", "http://user:pw@a.test", "http://a.test./", "http://a.test.:80",
			"http://ａ.test/", "http://a。test/",
		},
		"https://a.test:443": {"https://a.test", "HTTPS://a.test:443", "https://a.test.:0443"},
		"https://a.test:80":  {"https://a.test:80"},
		"http://xn--bcher-kva.example:80": {
			"http://bücher.example/", "http://BÜCHER.example/", "http://bu\u0308cher.example/", "http://BU\u0308CHER.Example.:80/", "http://xn--bcher-kva.example", "http://XN--BCHER-KVA.EXAMPLE",
			"http://b%C3%BCcher.example/", "http://bücher。example/", "http://bü\u00adcher.example/",
		},
		"http://xn--strae-oqa.de:80":              {"http://straße.de", "http://Straße.de"},
		"http://xn--wgv71a119e.jp:8080":           {"http://日本語.jp:8080", "http://日本語．jp:08080"},
		"http://xn--jxafb0a0a.gr:80":              {"http://αθήνα.gr", "http://ΑΘΉΝΑ.gr"},
		"http://xn--e1afmkfd.xn--80akhbyknj4f:80": {"http://пример.испытание", "http://ПРИМЕР.испытание"},
		"http://[::1]:80":                         {"http://[::1]/", "http://[0:0:0:0:0:0:0:1]:80/", "http://[0000:0000::0001]"},
		"http://[2001:db8::a:b]:8080":             {"http://[2001:DB8::A:B]:8080", "http://[2001:0db8:0:0:0:0:000a:b]:8080"},
		"http://[fe80::1%eth0]:80":                {"http://[fe80::1%25eth0]/", "http://[FE80:0::1%25eth0]:80/"},
		"http://127.0.0.1:80":                     {"http://127.0.0.1", "http://127.0.0.1.:80", "http://１２７.0.0.1"},
		"http://under_score.test:80":              {"http://under_score.test", "http://Under_Score.test"},
	} {
		for _, raw := range spellings {
			u, err := fetch.ParseURL(raw)
			require.NoError(t, err, raw)
			require.Equal(t, want, fetch.Origin(u), raw)
			again, err := fetch.ParseURL(u.String())
			require.NoError(t, err)
			require.Equal(t, u.Host, again.Host)
		}
	}
}

// TestHostAsSent: one spelling is sent and dialed, so that connections are shared.
func TestHostAsSent(t *testing.T) {
	for raw, want := range map[string]string{
		"http://A.test:80/": "a.test", "https://a.test:443/": "a.test", "https://a.test:80/": "a.test:80", "http://BÜCHER.example:0081/": "xn--bcher-kva.example:81",
		"http://[0:0::1]:80/": "[::1]", "http://[0:0::1]:81/": "[::1]:81", "http://a.test./": "a.test.",
	} {
		u, err := fetch.ParseURL(raw)
		require.NoError(t, err, raw)
		require.Equal(t, want, u.Host, raw)
	}
}
