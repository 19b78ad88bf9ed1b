package main

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/littledl/littledl/internal/faultserver"
)

// stage is where one client meets one fault: servers, directories, and what is told.
type stage struct {
	fault
	client  client
	self    string
	root    string            // a directory of the run's own, all of which is looked at afterwards
	home    string            // of the user, as far as the client knows
	dir     string            // where the file is to go
	planted map[string]string // files that were there before, and what they held
	srv     *faultserver.Server
	other   *faultserver.Server // where a redirect leads; nil with most faults
	served  *faultserver.File
	task    task
}

// result is what is known of one run.
type result struct {
	verdict verdict
	reason  string
	took    time.Duration
	ending  ending
	asked   []faultserver.Record
}

// once runs one client against one fault.
func once(ctx context.Context, self, root string, f fault, c client) (result, error) {
	s := &stage{fault: f, client: c, self: self, root: root, planted: map[string]string{}}
	defer s.close()
	if err := s.build(); err != nil {
		return result{}, err
	}
	if f.later != nil {
		if err := s.killHalfway(ctx); err != nil {
			return result{}, err
		}
		f.later(s)
	}
	began := time.Now()
	e, err := s.launchUntil(ctx, s.tooLong())
	if err != nil || ctx.Err() != nil {
		return result{}, errors.Join(err, context.Cause(ctx))
	}
	r := result{took: time.Since(began), ending: e, asked: s.srv.Requests()}
	r.verdict, r.reason = s.judge(e)
	return r, nil
}

// build makes the directories, the server and the file, and what the client is told.
func (s *stage) build() error {
	s.home, s.dir = filepath.Join(s.root, "home"), filepath.Join(s.root, "a", "b", "files")
	for _, dir := range []string{s.home, s.dir} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(s.home, ".axelrc"), []byte(axelrc), 0o666); err != nil {
		return err
	}
	var err error
	if s.srv, err = faultserver.New(s.server...); err != nil {
		return err
	}
	if s.path == "" {
		s.path = usualPath
	}
	s.serve()
	s.task = task{URL: s.served.URL(), Dir: s.dir, Name: s.name(), Header: s.header, Continue: s.goOn}
	if s.named {
		s.task.Name = ""
	}
	if s.digest && s.client.hashes {
		s.task.SHA256 = s.served.Sum()
	}
	if s.trust {
		if err := s.writeCA(); err != nil {
			return err
		}
	}
	if s.set != nil {
		return s.set(s)
	}
	return nil
}

// serve puts the file on the server, with behaviours whose counts begin anew. What is
// killed halfway is larger and slower.
func (s *stage) serve(more ...faultserver.FileOption) {
	size, rate := int64(usualSize), int64(usualRate)
	if s.fault.later != nil {
		size = killSize
		if s.served == nil {
			rate = killRate
		}
	}
	does := append(slices.Clone(s.does), faultserver.Slow(rate))
	opts := slices.Concat([]faultserver.FileOption{faultserver.Size(size), faultserver.Behave(does...)}, s.file, more)
	s.served = s.srv.File(s.path, opts...)
}

// name is the last part of the path.
func (s *stage) name() string { return path.Base(s.path) }

// plant puts a file where the client will find it.
func (s *stage) plant(path, text string) error {
	s.planted[path] = text
	return os.WriteFile(path, []byte(text), 0o666)
}

// writeCA asks the server for its certificate and puts it into a file.
func (s *stage) writeCA() error {
	u, err := url.Parse(s.srv.Origin())
	if err != nil {
		return err
	}
	c, err := tls.Dial("tcp", u.Host, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return err
	}
	defer c.Close()
	s.task.CA = filepath.Join(s.root, "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: c.ConnectionState().PeerCertificates[0].Raw}
	return os.WriteFile(s.task.CA, pem.EncodeToMemory(block), 0o666)
}

func (s *stage) close() {
	for _, srv := range []*faultserver.Server{s.srv, s.other} {
		if srv != nil {
			srv.Close()
		}
	}
	os.RemoveAll(s.root)
}

// launch runs the client to its end, or to that of the context. An error means that it
// was not run.
func (s *stage) launch(ctx context.Context) (e ending, err error) {
	command := s.client.command(s.self, s.task)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Dir = s.dir
	cmd.Env = s.environment()
	cmd.WaitDelay = time.Second
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return e, fmt.Errorf("%s: %w", s.client.name, err)
	}
	err = cmd.Wait()
	return ending{stdout: stdout.String(), stderr: stderr.String(), failed: err != nil, ended: ctx.Err() != nil}, nil
}

// environment keeps the proxies and settings of whoever runs this out of it.
func (s *stage) environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(strings.ToLower(v), "=")
		return strings.HasSuffix(name, "_proxy") || name == "home" && !s.client.pythonic
	})
	env = append(env, "NO_PROXY=*", "no_proxy=*", "LC_ALL=C.UTF-8")
	if !s.client.pythonic {
		env = append(env, "HOME="+s.home)
	}
	if s.task.CA != "" {
		env = append(env, "SSL_CERT_FILE="+s.task.CA)
	}
	return env
}

// launchUntil is launch, but kills the client when it is over.
func (s *stage) launchUntil(ctx context.Context, over func() bool) (ending, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for !over() {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
		stop()
	}()
	e, err := s.launch(ctx)
	stop()
	<-watched
	return e, err
}

// tooLong tells when a client has had its time since its first request. On a busy machine
// some take long to begin.
func (s *stage) tooLong() func() bool {
	limit := s.limit
	if limit == 0 {
		limit = usualTime
	}
	before := len(s.srv.Requests())
	end, asked := time.Now().Add(limit+startTime), false
	return func() bool {
		if !asked {
			if all := s.srv.Requests(); len(all) > before {
				end, asked = all[before].Start.Add(limit), true
			}
		}
		return time.Now().After(end)
	}
}

const (
	startTime = 10 * time.Second

	killSize  = 24 * mib
	killRate  = 3 * mib
	killAfter = 8 * mib                 // sent
	killTime  = 1500 * time.Millisecond // since the first answer, for those that write down where they are only now and then
	killLimit = 20 * time.Second
)

// killHalfway starts the client and kills it when it has got a good part of the file.
func (s *stage) killHalfway(ctx context.Context) error {
	began := time.Now()
	e, err := s.launchUntil(ctx, func() bool {
		asked := s.srv.GETs()
		return len(asked) > 0 && time.Since(asked[0].Start) > killTime && s.srv.BytesSent() > killAfter || time.Since(began) > killLimit
	})
	if err == nil && !e.ended && !e.failed {
		err = fmt.Errorf("%s, fault %d: it was done before it could be killed", s.client.name, s.number)
	}
	s.task.Continue = true
	return err
}
