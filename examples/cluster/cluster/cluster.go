package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Config says where the queue is and, for the first who opens it, how it is made: those values are
// kept there. Who opens it later leaves them zero, or gives the same.
type Config struct {
	URL    string // of the servers, separated by commas; "": one is started in this process
	Dir    string // its data, where URL is ""
	Listen string // its host:port; "": a free port of 127.0.0.1
	Token  string // what servers ask clients for; "": nothing
	NoSync bool   // acknowledge before fsync: see Server
	NATS   []nats.Option

	Replicas   int           // of everything that is queued: 1, 3 or 5; 0: 1
	Partitions int           // what hosts are dealt out to, at most 256; 0: 16
	Priorities int           // at most 8; 0: 2
	Silence    time.Duration // after it a worker's work goes to others, 2 s or more; 0: 30 s
	MaxDeliver int           // jobs handed out more often may be what ends their workers; 0: 20
}

// kept is what all who open a cluster have to agree on.
type kept struct {
	Replicas, Partitions, Priorities, MaxDeliver int
	Silence                                      time.Duration
}

// Cluster is a queue, and what is known of it. Its methods may be called from any goroutine.
type Cluster struct {
	kept
	nc     *nats.Conn
	js     jetstream.JetStream
	server *Running
}

// The streams and buckets; each batch has a stream of its own beside them.
const (
	doneStream = "LD_DONE" // ld.done.<batch>: results
	deadStream = "LD_DEAD" // ld.dead.<batch>: jobs that failed, for Retry
	control    = "LD_CTL"  // what batches are to do
	leases     = "LD_LEASE"
	suspects   = "LD_SUSPECT" // how often jobs were begun that may end their workers
	wake       = "ld.wake"    // somebody has changed something
	evenOut    = "ld.even"    // a worker has come, or has given partitions away
)

// callTime bounds one call to the servers: during an election none is answered.
const callTime = 5 * time.Second

// ErrNoBatch is of a batch that nobody has queued.
var ErrNoBatch = errors.New("cluster: no such batch")

// Open connects, starting a server where none is named, and makes whatever is missing. The servers
// must be of version 2.11 or newer.
func Open(ctx context.Context, conf Config) (*Cluster, error) {
	if err := conf.check(); err != nil {
		return nil, err
	}
	c := &Cluster{}
	var err error
	if conf.URL == "" {
		if c.server, err = (Server{Dir: conf.Dir, Listen: conf.Listen, Token: conf.Token, NoSync: conf.NoSync}).Start(); err != nil {
			return nil, err
		}
		conf.URL = c.server.URL()
	}
	options := append([]nats.Option{
		nats.MaxReconnects(-1), nats.ReconnectWait(200 * time.Millisecond), nats.RetryOnFailedConnect(true),
		nats.PingInterval(2 * time.Second), nats.MaxPingsOutstanding(2), // a partition shows no other way
	}, conf.NATS...)
	if conf.Token != "" {
		options = append(options, nats.Token(conf.Token))
	}
	if c.nc, err = nats.Connect(conf.URL, options...); err == nil {
		c.js, err = jetstream.New(c.nc, jetstream.WithPublishAsyncMaxPending(1024),
			jetstream.WithPublishAsyncTimeout(callTime), jetstream.WithDefaultTimeout(callTime))
	}
	if err == nil {
		err = c.again(ctx, time.Minute, func(ctx context.Context) error {
			err := c.setUp(ctx, conf)
			if refused := c.nc.LastError(); err != nil && (errors.Is(refused, nats.ErrAuthorization) || c.nc.IsClosed()) {
				err = final{fmt.Errorf("the servers refuse: %w; is the token right?", cmp.Or(refused, err))}
			}
			return err
		})
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("cluster: %w", err)
	}
	return c, nil
}

func (conf Config) check() error {
	for _, v := range []struct {
		name     string
		n, least int
		most     int
	}{
		{"Replicas", conf.Replicas, 1, 5}, {"Partitions", conf.Partitions, 1, 256}, {"Priorities", conf.Priorities, 1, 8},
		{"MaxDeliver", conf.MaxDeliver, 1, 1 << 20}, {"Silence in seconds", int((conf.Silence + time.Second - 1) / time.Second), 2, 3600},
	} {
		if v.n != 0 && (v.n < v.least || v.n > v.most) {
			return fmt.Errorf("cluster: %s is %d; it must be 0 or from %d to %d", v.name, v.n, v.least, v.most)
		}
	}
	if conf.URL == "" && conf.Dir == "" {
		return errors.New("cluster: give the URL of servers, or a directory for one in this process")
	}
	return nil
}

func (c *Cluster) setUp(ctx context.Context, conf Config) error {
	k := kept{
		Replicas: cmp.Or(conf.Replicas, 1), Partitions: cmp.Or(conf.Partitions, 16), Priorities: cmp.Or(conf.Priorities, 2),
		MaxDeliver: cmp.Or(conf.MaxDeliver, 20), Silence: cmp.Or(conf.Silence, 30*time.Second).Truncate(time.Second),
	}
	kv, err := c.js.KeyValue(ctx, control) // there already, and made by others, maybe
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = c.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: control, Replicas: k.Replicas})
	}
	if err != nil {
		return err
	}
	data, err := json.Marshal(k)
	if err != nil {
		return err
	}
	if _, err := kv.Create(ctx, "config", data); err != nil && !errors.Is(err, jetstream.ErrKeyExists) {
		return err
	}
	e, err := kv.Get(ctx, "config")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(e.Value(), &c.kept); err != nil {
		return err
	}
	if err := conf.agree(c.kept); err != nil {
		return err
	}
	// In memory a restart of the server would give every lease away.
	_, err = c.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: leases, Replicas: c.Replicas, LimitMarkerTTL: time.Second})
	if err == nil {
		_, err = c.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: suspects, Replicas: c.Replicas, TTL: 24 * time.Hour})
	}
	for _, s := range []string{doneStream, deadStream} {
		if err == nil {
			subject := map[string]string{doneStream: "ld.done.*", deadStream: "ld.dead.*"}[s]
			_, err = c.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: s, Subjects: []string{subject},
				Replicas: c.Replicas, AllowDirect: true, Discard: jetstream.DiscardNew})
		}
	}
	return err
}

// final is an error that trying again is of no use against.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

func (conf Config) agree(k kept) error {
	for name, v := range map[string][2]int{
		"Replicas": {conf.Replicas, k.Replicas}, "Partitions": {conf.Partitions, k.Partitions}, "Priorities": {conf.Priorities, k.Priorities},
		"MaxDeliver": {conf.MaxDeliver, k.MaxDeliver}, "Silence": {int(conf.Silence.Truncate(time.Second)), int(k.Silence)},
	} {
		if v[0] != 0 && v[0] != v[1] {
			return final{fmt.Errorf("%s is %d here and %d in the cluster; give 0, or make another cluster", name, v[0], v[1])}
		}
	}
	return nil
}

// URL is where others reach the servers.
func (c *Cluster) URL() string {
	if c.server != nil {
		return c.server.URL()
	}
	return c.nc.ConnectedUrlRedacted()
}

// Close disconnects, and ends the server if it is in this process. Work has to have returned.
func (c *Cluster) Close() error {
	if c.nc != nil {
		c.nc.Close()
	}
	if c.server != nil {
		c.server.Close()
	}
	return nil
}

// again calls f, which may fail while servers elect a leader, until it succeeds; for so long at
// most, or as long as ctx where that is 0.
func (c *Cluster) again(ctx context.Context, most time.Duration, f func(context.Context) error) error {
	for begun, wait := time.Now(), 50*time.Millisecond; ; wait = min(2*wait, time.Second) {
		call, cancel := context.WithTimeout(ctx, callTime)
		err := f(call)
		cancel()
		if _, hopeless := errors.AsType[final](err); err == nil || hopeless || ctx.Err() != nil || most > 0 && time.Since(begun) > most {
			return err
		}
		if !sleep(ctx, wait) {
			return errors.Join(context.Cause(ctx), err)
		}
	}
}

// sleep reports whether ctx let it.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

var batchName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func checkBatch(name string) error {
	if !batchName.MatchString(name) {
		return fmt.Errorf("cluster: batch %q; a name is 1 to 64 letters, digits, - and _", name)
	}
	return nil
}
