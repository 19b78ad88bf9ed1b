package cluster

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io/fs"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

// Job is one URL.
type Job struct {
	URL       string   `json:"u"`
	Name      string   `json:"f,omitempty"` // further elements of the object's key; "": none
	Hash      Hash     `json:"h,omitempty"`
	Size      int64    `json:"s,omitempty"` // bytes, where they are known: any other size is refused, and large files travel alone
	Priority  int      `json:"p,omitempty"` // 0 goes first
	HeaderSet string   `json:"c,omitempty"` // of Worker.HeaderSets: credentials never go through the queue
	Backup    []string `json:"b,omitempty"` // other URLs of the same file
}

// Hash is a digest as littledl.WithIntegrity takes it: "sha256:HEX", or "sha384-BASE64".
type Hash string

// item is a job with its number, by which all know it.
type item struct {
	N int64 `json:"n"`
	Job
}

// pack is a message of the queue: one write, one fsync and one acknowledgement for many small files.
type pack struct {
	ID    string `json:"i"`           // by which the queue knows that it has it already
	Alone bool   `json:"a,omitempty"` // it was split from a pack that maybe ends its workers
	Items []item `json:"j"`
	size  int
}

const (
	packed  = 32        // jobs of a pack
	big     = 5 << 20   // bytes; such a file travels alone
	payload = 256 << 10 // bytes of a message, but for a job that is larger
)

// size is about how much of a message a job takes.
func (j *Job) size() int {
	n := len(j.URL) + len(j.Name) + len(j.Hash) + 100
	for _, b := range j.Backup {
		n += len(b) + 3
	}
	return n
}

// packs cuts items into messages.
func packs(items []item) (all [][]item) {
	from, size := 0, 0
	for i := range items {
		if size += items[i].size(); i > from && (size > payload || i-from == packed) {
			all = append(all, items[from:i])
			from, size = i, items[i].size()
		}
	}
	return append(all, items[from:])
}

// Key is the name of a job's object: a function of its batch and number.
func Key(batch string, n int64, name string) string {
	key := fmt.Sprintf("%s/%06d/%09d", batch, n/1000, n)
	if name != "" {
		key += "/" + name
	}
	return key
}

func checkName(name string) error {
	if name != "" && (!fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\\\x00") || len(name) > 512) {
		return fmt.Errorf("cluster: name %.100q; it is a relative path with slashes and without dots", name)
	}
	return nil
}

// Origin is scheme, host and port of a URL, as DownloadConfig.AcquireHost has it; "" if it has none.
func Origin(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	return strings.ToLower(u.Scheme) + "://" + strings.ToLower(net.JoinHostPort(u.Hostname(), port))
}

// partition is where a share of an origin belongs.
func (c *Cluster) partition(origin string, share int) int {
	h := fnv.New64a()
	h.Write([]byte(origin))
	h.Write([]byte{byte(share), byte(share >> 8)})
	return int(h.Sum64() % uint64(c.Partitions))
}

// shares is into how many parts the hot hosts are split.
type shares map[string]int

func (s shares) of(origin string) int { return max(s[origin], 1) }

const (
	batchRow    = "batch."    // what a batch is to do
	enqueuedRow = "enqueued." // how far its enqueuer has come
	hostRow     = "host."     // into how many shares a host is split
)

func hostKey(origin string) string {
	return hostRow + base64.RawURLEncoding.EncodeToString([]byte(origin))
}

func sharesOf(rows map[string]row) shares {
	s := shares{}
	for key, r := range rows {
		if name, ok := strings.CutPrefix(key, hostRow); ok {
			if origin, err := base64.RawURLEncoding.DecodeString(name); err == nil {
				s[string(origin)], _ = strconv.Atoi(r.value)
			}
		}
	}
	return s
}

// batch is what is known of one.
type batch struct {
	Total     int64 // -1: still being enqueued
	Sum       uint64
	Paused    bool   `json:",omitempty"`
	Cancelled bool   `json:",omitempty"`
	Shares    shares `json:",omitempty"` // as they were when it was begun: packs follow from them
}

func batchOf(r row) (b batch, err error) {
	if r.value == "" {
		return b, ErrNoBatch
	}
	err = json.Unmarshal([]byte(r.value), &b)
	return b, err
}

func (b batch) text() string {
	text, err := json.Marshal(b)
	if err != nil {
		panic(err) // of numbers and bools
	}
	return string(text)
}

// batchState reads what is known of a batch.
func (c *Cluster) batchState(ctx context.Context, name string) (b batch, err error) {
	err = c.again(ctx, 0, func(ctx context.Context) error {
		rows, err := c.table(ctx, control)
		if err == nil {
			if b, err = batchOf(rows[batchRow+name]); err != nil {
				err = final{err}
			}
		}
		return err
	})
	return b, err
}

// update changes what a batch is to do, and wakes the workers.
func (c *Cluster) update(ctx context.Context, name string, f func(*batch) error) error {
	err := checkBatch(name)
	if err == nil {
		err = c.change(ctx, control, batchRow+name, func(value string) (string, error) {
			b, err := batchOf(row{value: value})
			if err == nil {
				err = f(&b)
			}
			return b.text(), err
		})
	}
	if err != nil {
		return fmt.Errorf("batch %s: %w", name, err)
	}
	return c.nc.Publish(wake, nil)
}

func jobStream(batch string) string { return "LD_JOBS_" + batch }

func consumer(priority, partition int) string { return fmt.Sprintf("p%d-%d", priority, partition) }

func (c *Cluster) subject(batch string, priority, partition int) string {
	return "ld.job." + batch + "." + strconv.Itoa(priority) + "." + strconv.Itoa(partition)
}

// createBatch makes its stream and consumers, once: consumers that come and go on a work queue
// have lost messages (nats-server#5612). A stream for each batch lets none wait behind another.
func (c *Cluster) createBatch(ctx context.Context, name string) error {
	s, err := c.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: jobStream(name), Subjects: []string{"ld.job." + name + ".*.*"}, Retention: jetstream.WorkQueuePolicy,
		Discard: jetstream.DiscardNew, Replicas: c.Replicas, AllowDirect: true, AllowAtomicPublish: true, // DiscardNew: refuse what does not fit
	})
	if err != nil {
		return err
	}
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(8)
	for priority := range c.Priorities {
		for partition := range c.Partitions {
			all.Go(func() error {
				_, err := s.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
					Durable: consumer(priority, partition), FilterSubject: c.subject(name, priority, partition),
					AckPolicy: jetstream.AckExplicitPolicy, AckWait: c.Silence, MaxAckPending: -1,
					MaxDeliver: -1, // the worker decides what is dead: every nak counts here
				})
				return err
			})
		}
	}
	return all.Wait()
}
