// Package command is what the commands here have in common: how they are ended, what they
// return, and how they complain about their flags.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// The exit codes.
const (
	Done   = 0
	Failed = 1
	Usage  = 2 // the command line makes no sense; nothing was done
)

// Main runs a command until it returns its exit code, or is interrupted; a second interrupt
// ends the process at once.
func Main(run func(ctx context.Context) int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx))
}

// Refused tells what is wrong with the flags, or explains them where that was asked. Not
// refused: there is nothing wrong.
func Refused(name string, err error, explain func(io.Writer), stdout, stderr io.Writer) (code int, refused bool) {
	switch {
	case err == nil:
		return Done, false
	case errors.Is(err, flag.ErrHelp):
		explain(stdout)
		return Done, true
	}
	fmt.Fprintf(stderr, "%s: %v\n%s -h explains the command line\n", name, err, name)
	return Usage, true
}

// Parse takes flags only.
func Parse(fs *flag.FlagSet, args []string) error {
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("%q is no flag; %s takes flags only", fs.Arg(0), fs.Name())
	}
	return nil
}

// Explain writes what a command does, and its flags.
func Explain(w io.Writer, what string, fs *flag.FlagSet) {
	fmt.Fprint(w, what)
	fs.SetOutput(w)
	fs.PrintDefaults()
}
