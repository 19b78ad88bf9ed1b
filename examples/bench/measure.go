package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
	"unicode"

	"github.com/littledl/littledl/examples/internal/command"
)

// cost is what one run of a client took.
type cost struct {
	Wall   time.Duration
	CPU    time.Duration
	RSS    int64  // bytes; 0: this system does not tell
	Failed string // how it ended, when not well
	Ended  bool   // for taking too long
}

// measure runs a command through a process of this binary that is small, since
// the kernel's peak of resident memory begins with the forking process's own.
// An error means that nothing was measured; that the client failed is in the cost.
func measure(ctx context.Context, self, dir string, env []string, limit time.Duration, command []string) (c cost, err error) {
	cmd := exec.CommandContext(ctx, self, append([]string{partMeasure, limit.String()}, command...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = 10 * time.Second
	stdin, err := cmd.StdinPipe() // closed, it tells measureMain to end the client
	if err != nil {
		return c, err
	}
	cmd.Cancel = stdin.Close
	out, err := cmd.Output()
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return c, fmt.Errorf("measure %s: %w", command[0], err)
	}
	return c, json.Unmarshal(out, &c)
}

// measureMain is the process in between: LIMIT COMMAND ARGS... It prints the cost
// as JSON, and ends the client when its standard input is closed, so that no
// client outlives the race.
func measureMain(ctx context.Context, args []string) int {
	limit, err := time.ParseDuration(args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return command.Usage
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	c := measured(ctx, limit, args[1:])
	if ctx.Err() != nil {
		return command.Failed
	}
	if err := json.NewEncoder(os.Stdout).Encode(c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return command.Failed
	}
	return command.Done
}

// measured runs the command to its end, at most until the limit.
func measured(ctx context.Context, limit time.Duration, command []string) (c cost) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stderr = &stderr
	cmd.WaitDelay = time.Second
	begun := time.Now()
	err := cmd.Run()
	c.Wall = time.Since(begun)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		c.Failed, c.Ended = fmt.Sprintf("not done after %v", limit), true
	case err != nil:
		c.Failed = strings.Trim(err.Error()+": "+oneLine(stderr.String()), ": ")
	}
	if p := cmd.ProcessState; p != nil {
		c.CPU = p.UserTime() + p.SystemTime()
		c.RSS = peakRSS(p)
	}
	return c
}

// oneLine is the first line of what a client said, fit for a terminal.
func oneLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
	if r := []rune(s); len(r) > 100 {
		s = string(r[:100]) + "…"
	}
	return s
}
