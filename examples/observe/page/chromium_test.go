package page_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// browser is a headless Chromium with one page open, which must have nothing to complain of.
type browser struct {
	*testing.T
	ctx  context.Context
	mu   sync.Mutex
	said []string // on its console
}

// open shows a URL. Where no Chromium is installed the test is skipped, or has failed where the
// environment says LITTLEDL_E2E=require.
func open(t *testing.T, url string) *browser {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && program == "" {
			program = path
		}
	}
	if program == "" {
		const why = "no Chromium is installed: apt-get install chromium"
		if os.Getenv("LITTLEDL_E2E") == "require" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.ProxyServer("direct://"))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, shut := chromedp.NewContext(ctx)
	b := &browser{T: t, ctx: ctx}
	console, read := chromedp.Console(ctx), make(chan struct{})
	go func() {
		defer close(read)
		for m, err := range console {
			if err != nil {
				return
			}
			b.mu.Lock()
			b.said = append(b.said, string(m.Type)+": "+m.Text)
			b.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		shut()
		<-read
		b.mu.Lock()
		defer b.mu.Unlock()
		require.Empty(t, b.said, "the console has to be silent")
	})
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(url)))
	return b
}

// look has the page so many pixels wide, and light or dark.
func (b *browser) look(width int64, scheme string) {
	b.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	require.NoError(b, err)
	require.NoError(b, chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 900)))
	if dir := os.Getenv("LITTLEDL_SCREENSHOTS"); dir != "" { // to be looked at
		png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		require.NoError(b, err)
		name := strconv.FormatInt(width, 10) + "-" + scheme + ".png"
		require.NoError(b, os.WriteFile(filepath.Join(dir, name), png, 0o600))
	}
}

// eval is the value of an expression in the page.
func eval[T any](b *browser, script string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	require.NoError(b, err, script)
	return v
}

// until waits until an expression is true in the page.
func (b *browser) until(script string) {
	b.Helper()
	require.Eventually(b, func() bool {
		v, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](script))
		return err == nil && v
	}, 10*time.Second, 20*time.Millisecond, script)
}
