package fail

import "fmt"

// IsOutage reports whether a status may say that a whole server, or what it stands for, is out
// of order.
func IsOutage(code int) bool {
	return code == 500 || code == 502 || code == 504 || code >= 520 && code <= 527 || code == 530
}

// Lacks reports whether a status says what the URL or the caller lacks: that is so whenever it
// is asked again.
func Lacks(code int) bool { return code == 401 || code == 404 || code == 407 || code == 410 }

// StatusText words a status that is no success so that a person knows what to do about it.
func StatusText(code int) string {
	switch code {
	case 204, 205:
		return fmt.Sprintf("server answered %d: there is no content at this URL", code)
	case 301, 302, 303, 307, 308:
		return fmt.Sprintf("server answered %d without saying where the file is", code)
	case 401:
		return "server answered 401 unauthorized: give credentials with WithHeader or OriginHeaders"
	case 403:
		return "server answered 403 forbidden: the URL may have expired, or needs credentials"
	case 404, 410:
		return fmt.Sprintf("server answered %d: there is no such file, check the URL", code)
	case 407:
		return "proxy answered 407: give the proxy's credentials in its URL"
	case 429:
		return "server answered 429 too many requests: lower MaxConnectionsPerHost or try later"
	case 503:
		return "server answered 503 service unavailable: try later, or lower MaxConnectionsPerHost"
	}
	return fmt.Sprintf("server answered status %d", code)
}
