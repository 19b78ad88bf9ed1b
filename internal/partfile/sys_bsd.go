//go:build unix && !linux && !aix

package partfile

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

func setTime(f *os.File, t time.Time) error {
	ts, err := unix.TimeToTimespec(t)
	if err != nil {
		return err
	}
	tv := unix.NsecToTimeval(0) // dates of files are further away than nanoseconds reach
	tv.Sec = ts.Sec
	return unix.Futimes(int(f.Fd()), []unix.Timeval{tv, tv})
}
