package littledl

import (
	"cmp"
	"fmt"
	"time"

	"github.com/littledl/littledl/internal/transfer"
)

func invalidOption(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalidOption}, args...)...)
}

// inRange refuses values of what is negative, or above the most that it may be; 0: there is none.
func inRange[T ~int | ~int64](of string, most T, values map[string]T) error {
	for name, v := range values {
		switch {
		case v < 0 && most == 0:
			return invalidOption("%s%s is %v; it must not be negative", of, name, v)
		case v < 0 || most > 0 && v > most:
			return invalidOption("%s%s is %v; it must be from 0 to %v", of, name, v, most)
		}
	}
	return nil
}

// check finds what is out of range or contradictory, before anything is touched.
func (c DownloadConfig) check() error {
	err := cmp.Or(
		inRange("", maxTime, map[string]time.Duration{
			"MinSpeedTime": c.MinSpeedTime, "ConnectTimeout": c.ConnectTimeout, "HeaderTimeout": c.HeaderTimeout, "StallTimeout": c.StallTimeout,
			"ProgressInterval": c.ProgressInterval, "Retry.BaseDelay": c.Retry.BaseDelay,
			"WaitForLock": c.WaitForLock, "Retry.MaxDelay": c.Retry.MaxDelay, "Retry.MaxElapsed": c.Retry.MaxElapsed,
		}),
		inRange("", 0, map[string]int64{
			"MinChunkSize": c.MinChunkSize, "MaxSpeed": c.MaxSpeed, "MinSpeed": c.MinSpeed, "MaxFileSize": c.MaxFileSize, "MaxReorder": c.MaxReorder,
		}),
		inRange("", maxLimit, map[string]int{
			"MaxConnections": c.MaxConnections, "MaxConnectionsPerHost": c.MaxConnectionsPerHost,
			"StreamsPerConnection": c.StreamsPerConnection, "MaxChunks": c.MaxChunks,
		}),
		checkHosts(c.Hosts),
	)
	switch {
	case err != nil:
		return err
	case c.BufferSize != 0 && (c.BufferSize < minBuffer || c.BufferSize > maxBuffer):
		return invalidOption("BufferSize is %d; it must be from %d to %d", c.BufferSize, minBuffer, maxBuffer)
	case c.Overwrite < OverwriteRename || c.Overwrite > OverwriteChanged:
		return invalidOption("Overwrite is %d; use one of the Overwrite constants", c.Overwrite)
	case c.ContentEncoding < EncodingRefuse || c.ContentEncoding > EncodingDecode || c.Decoders != nil && c.ContentEncoding != EncodingDecode:
		return invalidOption("ContentEncoding is %d; use one of the Encoding constants, and Decoders with EncodingDecode", c.ContentEncoding)
	}
	if _, err := transfer.Decoders(c.Decoders); err != nil {
		return invalidOption("Decoders: %w", err)
	}
	if err := c.client().Check(); err != nil {
		return invalidOption("%w", err)
	}
	return nil
}
