package fetch

import (
	"net/http"
	"net/url"
	"slices"
)

// Cookies are text of servers' that is kept and sent back. A jar takes any number of any length, all
// of which every request to their host would carry.

const (
	maxCookie  = 4 << 10  // bytes of one, with its attributes: browsers keep no longer ones
	maxCookies = 16 << 10 // of those that one request has: servers take less
)

// addCookies gives a request what the jar has for it, the most fitting first, as far as that goes.
func (c *Client) addCookies(req *http.Request) {
	left := maxCookies
	for _, k := range c.jar.Cookies(req.URL) {
		if left -= len(k.Name) + len(k.Value); left < 0 {
			return
		}
		req.AddCookie(k)
	}
}

// keepCookies gives the jar what an answer sets.
func (c *Client) keepCookies(u *url.URL, res *http.Response) {
	c.jar.SetCookies(u, slices.DeleteFunc(res.Cookies(), func(k *http.Cookie) bool { return len(k.Raw) > maxCookie }))
}
