package main

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// troubleAge is how long an attempt that failed is news.
const troubleAge = 10 * time.Second

// troubles listens to the library's log, so that somebody who looks at a batch that
// stands still is told what it waits for.
type troubles struct {
	mu   sync.Mutex
	what string
	when time.Time
}

// latest is why an attempt failed lately; "" if none did.
func (t *troubles) latest() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.when) > troubleAge {
		return ""
	}
	return t.what
}

// Handle implements slog.Handler.
func (t *troubles) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "err" {
			t.mu.Lock()
			t.what, t.when = clean(a.Value.String()), r.Time
			t.mu.Unlock()
		}
		return true
	})
	return nil
}

// Enabled implements slog.Handler.
func (t *troubles) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs implements slog.Handler.
func (t *troubles) WithAttrs([]slog.Attr) slog.Handler { return t }

// WithGroup implements slog.Handler.
func (t *troubles) WithGroup(string) slog.Handler { return t }
