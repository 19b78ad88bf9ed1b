package fetch

import "errors"

// Check finds what contradicts itself, or is not allowed, in the words of the library's callers.
func (c Config) Check() error {
	if c.DenyPrivate && (c.Proxy != nil || c.DialContext != nil) {
		return errors.New("DenyPrivateNetworks needs its own dialer; give it without Proxy and DialContext")
	}
	if err := c.checkForeign(); err != nil {
		return err
	}
	if !ValidHeaderValue(c.UserAgent) {
		return errors.New("UserAgent holds control characters")
	}
	if err := CheckHeader(c.Header, false); err != nil {
		return err
	}
	return CheckOrigins(c.OriginHeaders)
}

// checkForeign refuses what a client of the caller's own has to say itself.
func (c Config) checkForeign() error {
	switch h := c.HTTPClient; {
	case h == nil:
		return nil
	case c.Jar != nil && h.Jar != nil:
		return errors.New("both Jar and HTTPClient.Jar; give one of them")
	case h.Timeout != 0:
		return errors.New("HTTPClient.Timeout covers the body too; leave it 0 and set StallTimeout")
	case c.Proxy != nil || c.TLSConfig != nil || c.DialContext != nil || c.ConnectTimeout != 0 || c.HeaderTimeout != 0 || c.DenyPrivate:
		return errors.New("HTTPClient brings its own transport; set Proxy, TLSConfig, DialContext, ConnectTimeout, HeaderTimeout and DenyPrivateNetworks there")
	}
	return nil
}
