package littledl

import (
	"fmt"
	"net/http"
	"time"

	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/transfer"
)

func invalidOption(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalidOption}, args...)...)
}

// check finds what is out of range or contradictory, before anything is touched.
func (c DownloadConfig) check() error {
	for name, d := range map[string]time.Duration{
		"MinSpeedTime": c.MinSpeedTime, "ConnectTimeout": c.ConnectTimeout, "HeaderTimeout": c.HeaderTimeout, "StallTimeout": c.StallTimeout,
		"ProgressInterval": c.ProgressInterval, "Retry.BaseDelay": c.Retry.BaseDelay,
		"WaitForLock": c.WaitForLock, "Retry.MaxDelay": c.Retry.MaxDelay, "Retry.MaxElapsed": c.Retry.MaxElapsed,
	} {
		if d < 0 || d > maxTime {
			return invalidOption("%s is %v; it must be from 0 to %v", name, d, time.Duration(maxTime))
		}
	}
	for name, v := range map[string]int64{"MinChunkSize": c.MinChunkSize, "MaxSpeed": c.MaxSpeed, "MinSpeed": c.MinSpeed, "MaxFileSize": c.MaxFileSize, "MaxReorder": c.MaxReorder} {
		if v < 0 {
			return invalidOption("%s is %d; it must not be negative", name, v)
		}
	}
	for name, n := range map[string]int{"MaxConnections": c.MaxConnections, "MaxConnectionsPerHost": c.MaxConnectionsPerHost, "StreamsPerConnection": c.StreamsPerConnection, "MaxChunks": c.MaxChunks} {
		if n < 0 || n > maxLimit {
			return invalidOption("%s is %d; it must be from 0 to %d", name, n, maxLimit)
		}
	}
	if c.BufferSize != 0 && (c.BufferSize < minBuffer || c.BufferSize > maxBuffer) {
		return invalidOption("BufferSize is %d; it must be from %d to %d", c.BufferSize, minBuffer, maxBuffer)
	}
	if c.Overwrite < OverwriteRename || c.Overwrite > OverwriteChanged {
		return invalidOption("Overwrite is %d; use one of the Overwrite constants", c.Overwrite)
	}
	if c.ContentEncoding < EncodingRefuse || c.ContentEncoding > EncodingDecode || c.Decoders != nil && c.ContentEncoding != EncodingDecode {
		return invalidOption("ContentEncoding is %d; use one of the Encoding constants, and Decoders with EncodingDecode", c.ContentEncoding)
	}
	if _, err := transfer.Decoders(c.Decoders); err != nil {
		return invalidOption("Decoders: %w", err)
	}
	if err := c.checkTransport(); err != nil {
		return err
	}
	if err := checkHosts(c.Hosts); err != nil {
		return err
	}
	return c.checkHeaders()
}

func (c DownloadConfig) checkTransport() error {
	if c.DenyPrivateNetworks && (c.Proxy != nil || c.DialContext != nil) {
		return invalidOption("DenyPrivateNetworks needs its own dialer; give it without Proxy and DialContext")
	}
	if c.HTTPClient == nil {
		return nil
	}
	if c.Jar != nil && c.HTTPClient.Jar != nil {
		return invalidOption("Jar and HTTPClient.Jar; give one of them")
	}
	if c.HTTPClient.Timeout != 0 {
		return invalidOption("HTTPClient.Timeout covers the body too; leave it 0 and set StallTimeout")
	}
	if c.Proxy != nil || c.TLSConfig != nil || c.DialContext != nil || c.ConnectTimeout != 0 || c.HeaderTimeout != 0 || c.DenyPrivateNetworks {
		return invalidOption("HTTPClient brings its own transport; set Proxy, TLSConfig, DialContext, ConnectTimeout, HeaderTimeout and DenyPrivateNetworks there")
	}
	return nil
}

func (c DownloadConfig) checkHeaders() error {
	if !fetch.ValidHeaderValue(c.UserAgent) {
		return invalidOption("UserAgent holds control characters")
	}
	if err := checkHeader(c.Header, false); err != nil {
		return err
	}
	if err := fetch.CheckOrigins(c.OriginHeaders); err != nil {
		return invalidOption("%w", err)
	}
	return nil
}

// checkHeader refuses what the library sets itself and, where a header is not
// bound to an origin, what is a credential.
func checkHeader(h http.Header, bound bool) error {
	if err := fetch.CheckHeader(h, bound); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidOption, err)
	}
	return nil
}
