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
	Token  string // what servers ask clients for; "": nothing
	NoSync bool   // acknowledge before fsync: see Server
	NATS   []nats.Option

	Replicas   int           // of everything that is queued: 1, 3 or 5; 0: 1
	Partitions int           // what hosts are dealt out to, at most 256; 0: 16
	Priorities int           // at most 8; 0: 2
	MaxDeliver int           // jobs handed out more often may be what ends their workers; 0: 20
	Silence    time.Duration // in whole seconds; after it a worker's work goes to others; 0: 30 s
}

// shape is what all who open a cluster have to agree on, in the order of rules.
type shape [5]int

var rules = [len(shape{})]struct {
	name               string
	usual, least, most int
}{
	{"Replicas", 1, 1, 5}, {"Partitions", 16, 1, 256}, {"Priorities", 2, 1, 8}, {"MaxDeliver", 20, 1, 1 << 20}, {"Silence in seconds", 30, 2, 3600},
}

func (conf Config) shape() shape {
	return shape{conf.Replicas, conf.Partitions, conf.Priorities, conf.MaxDeliver, int((conf.Silence + time.Second - 1) / time.Second)}
}

func (conf Config) check() error {
	for i, n := range conf.shape() {
		if r := rules[i]; n != 0 && (n < r.least || n > r.most) {
			return fmt.Errorf("cluster: %s is %d; it must be 0 or from %d to %d", r.name, n, r.least, r.most)
		}
	}
	if conf.URL == "" && conf.Dir == "" {
		return errors.New("cluster: give the URL of servers, or a directory for one in this process")
	}
	return nil
}

// agree compares what is asked for with what is kept.
func (s shape) agree(kept shape) error {
	for i, n := range s {
		if n != 0 && n != kept[i] {
			return final{fmt.Errorf("%s is %d here and %d in the cluster; give 0, or make another cluster", rules[i].name, n, kept[i])}
		}
	}
	return nil
}

// Cluster is a queue, and what is known of it. Its methods may be called from any goroutine.
type Cluster struct {
	replicas, partitions, priorities, maxDeliver int
	silence                                      time.Duration

	nc     *nats.Conn
	js     jetstream.JetStream
	server *Running
}

// callTime bounds one call to the servers: during an election none is answered.
const callTime = 5 * time.Second

// What workers are told at once, and would find out by themselves.
const (
	wakeSubject = "ld.wake" // somebody has changed what is to be done
	evenSubject = "ld.even" // a worker has come, or has given partitions away
)

func (c *Cluster) wake() error { return c.nc.Publish(wakeSubject, nil) }

// Open connects, starting a server where none is named, and makes whatever is missing. The servers
// must be of version 2.12 or newer.
func Open(ctx context.Context, conf Config) (*Cluster, error) {
	if err := conf.check(); err != nil {
		return nil, err
	}
	c := &Cluster{}
	err := c.connect(conf)
	if err == nil {
		err = c.again(ctx, time.Minute, func(ctx context.Context) error {
			err := c.setUp(ctx, conf.shape())
			if refused := c.nc.LastError(); err != nil && (errors.Is(refused, nats.ErrAuthorization) || c.nc.IsClosed()) {
				err = final{fmt.Errorf("the servers refuse: %w; is the token right?", cmp.Or(refused, err))}
			}
			return err
		})
	}
	if err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("cluster: %w", err)
	}
	return c, nil
}

func (c *Cluster) connect(conf Config) (err error) {
	if conf.URL == "" {
		if c.server, err = (Server{Dir: conf.Dir, Token: conf.Token, NoSync: conf.NoSync}).Start(); err != nil {
			return err
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
		c.js, err = jetstream.New(c.nc, jetstream.WithDefaultTimeout(callTime))
	}
	return err
}

func (c *Cluster) setUp(ctx context.Context, asked shape) error {
	first := asked
	for i, n := range first {
		first[i] = cmp.Or(n, rules[i].usual)
	}
	// It is there already, and made by others, maybe. In memory a restart would give every lease away.
	_, err := c.js.KeyValue(ctx, table)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		_, err = c.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: table, Replicas: first[0], LimitMarkerTTL: time.Second})
	}
	if err != nil {
		return err
	}
	text, err := json.Marshal(first)
	if err != nil {
		return err
	}
	_, taken := c.put(ctx, shapeRow, string(text), 0)
	rows, err := c.rows(ctx, shapeRow)
	if err != nil || rows[shapeRow].value == "" {
		return cmp.Or(err, taken, errors.New("what the cluster was made with cannot be read"))
	}
	var kept shape
	if err := json.Unmarshal([]byte(rows[shapeRow].value), &kept); err != nil {
		return err
	}
	if err := asked.agree(kept); err != nil {
		return err
	}
	c.replicas, c.partitions, c.priorities, c.maxDeliver = kept[0], kept[1], kept[2], kept[3]
	c.silence = time.Duration(kept[4]) * time.Second
	_, err = c.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: doneStream, Subjects: []string{doneSubject + "*", deadSubject + "*"}, Replicas: c.replicas, AllowDirect: true, Discard: jetstream.DiscardNew,
	})
	return err
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

// final is an error that trying again is of no use against.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

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

var word = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func checkName(what, name string) error {
	if !word.MatchString(name) {
		return fmt.Errorf("cluster: %s %.100q; a name is 1 to 64 letters, digits, - and _", what, name)
	}
	return nil
}
