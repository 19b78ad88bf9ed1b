package origin

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// modified is the Last-Modified of every file.
var modified = time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)

func (o *Origin) serve(w http.ResponseWriter, r *http.Request) {
	inFlight, done := o.counters.begin(r)
	defer done()
	ctx := r.Context()
	l := ctx.Value(lineKey{}).(*line)
	if l.travel(ctx, o.config.RTT) != nil {
		return
	}
	if limit := o.config.MaxInFlight; limit > 0 && inFlight > int64(limit) {
		o.counters.refused.Add(1)
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too many requests at once", http.StatusServiceUnavailable)
		return
	}
	name := r.PathValue("name")
	size, err := strconv.ParseInt(r.PathValue("size"), 10, 64)
	if err != nil || size < 0 {
		http.NotFound(w, r)
		return
	}
	c := newContent(name, size)
	c.pace = func(n int) error {
		o.counters.bytes.Add(int64(n))
		return l.send(ctx, n)
	}
	c.piece = l.piece()
	w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, c.phase, size))
	w.Header().Set("Content-Type", "application/octet-stream")
	if o.config.Forged {
		c.phase = (c.phase + 1) % period
	}
	http.ServeContent(w, r, name, modified, c)
}
