package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/examples/internal/command"
	"github.com/littledl/littledl/examples/internal/origin"
)

func TestUsageErrors(t *testing.T) {
	list := filepath.Join(t.TempDir(), "list.txt")
	require.NoError(t, os.WriteFile(list, []byte("http://127.0.0.1:1/x\nhttp://127.0.0.1:1/y\n"), 0o600))
	sum := strings.Repeat("0", 64)
	dir := filepath.Join(t.TempDir(), "new")
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"unknown flag":       {[]string{"-z"}, "-z"},
		"no files at once":   {[]string{"-j", "0"}, "-j 0"},
		"no connections":     {[]string{"-x", "-3"}, "-x -3"},
		"not a number":       {[]string{"-j", "many"}, "many"},
		"speed":              {[]string{"-limit-rate", "fast"}, "500K"},
		"speed zero":         {[]string{"-limit-rate", "0"}, "500K"},
		"speed not finite":   {[]string{"-limit-rate", "NaN"}, "500K"},
		"list without name":  {[]string{"-i", ""}, "-i"},
		"directory, demo":    {[]string{"-o", "x"}, "-o"},
		"header, demo":       {[]string{"-H", "a: b"}, "-H"},
		"empty directory":    {[]string{"-o", "", "http://127.0.0.1/x"}, "-o"},
		"not a URL":          {[]string{"-o", dir, "nonsense"}, "nonsense"},
		"escape in flag":     {[]string{"-\x1b[31m"}, "?[31m"},
		"unknown policy":     {[]string{"-overwrite", "never"}, "rename, replace, skip, error or changed"},
		"digest too short":   {[]string{"-sha256", "abcd"}, "64 hexadecimal digits"},
		"digest, two URLs":   {[]string{"-o", dir, "-sha256", sum, "http://a.test/x", "http://a.test/y"}, "-sha256 is the digest of one file, and these are 2 URLs"},
		"digest, list":       {[]string{"-o", dir, "-sha256", sum, "-i", list}, "these are 2 URLs"},
		"header of ours":     {[]string{"-o", dir, "-H", "Range: bytes=0-1", "http://a.test/x"}, "Range"},
		"header with a feed": {[]string{"-o", dir, "-H", "A: b\nc", "http://a.test/x"}, "invalid option"},
	} {
		t.Run(name, func(t *testing.T) {
			r := runCommand(t, "", c.args...)
			require.Equal(t, command.Usage, r.code)
			require.Empty(t, r.stdout)
			first, rest, _ := strings.Cut(r.stderr, "\n")
			require.Contains(t, first, c.says)
			require.Contains(t, rest, "usage: fetch")
			require.NoDirExists(t, dir)
		})
	}
}

// TestHeaderThatIsNoneIsNotRepeated: it may be a secret with a colon missing.
func TestHeaderThatIsNoneIsNotRepeated(t *testing.T) {
	for _, h := range []string{"secret", ": secret"} {
		r := runCommand(t, "", "-H", h, "http://127.0.0.1/x")
		require.Equal(t, command.Usage, r.code)
		require.NotContains(t, r.stderr, "secret")
		require.Contains(t, r.stderr, "-H takes 'Name: value'")
	}
}

func TestHelp(t *testing.T) {
	r := runCommand(t, "", "-h")
	require.Equal(t, command.Done, r.code)
	for _, says := range []string{"usage:", "-limit-rate", "-overwrite", "-sha256", "-H"} {
		require.Contains(t, r.stdout, says)
	}
	require.Empty(t, r.stderr)
	for _, line := range strings.Split(strings.ReplaceAll(r.stdout, "    \t", "        "), "\n") {
		require.LessOrEqual(t, len(line), 80, line)
	}
}

// TestUnusableDirectoryOrList ends with one line; the command line is as it should be.
func TestUnusableDirectoryOrList(t *testing.T) {
	dir := t.TempDir()
	file, locked, empty := filepath.Join(dir, "file.txt"), filepath.Join(dir, "locked"), filepath.Join(dir, "empty.txt")
	require.NoError(t, os.WriteFile(file, []byte("text"), 0o600))
	require.NoError(t, os.WriteFile(empty, []byte("# nothing\n\n"), 0o600))
	require.NoError(t, os.Mkdir(locked, 0o500))
	for name, c := range map[string]struct {
		args []string
		says []string
	}{
		"a file":         {[]string{"-o", file}, []string{"nothing can be stored in " + file}},
		"below a file":   {[]string{"-o", filepath.Join(file, "x")}, []string{"nothing can be stored in " + file}},
		"no permission":  {[]string{"-o", locked}, []string{"nothing can be stored in " + locked, "permission denied"}},
		"nor to make it": {[]string{"-o", filepath.Join(locked, "x")}, []string{"nothing can be stored in " + locked, "permission denied"}},
		"no such list":   {[]string{"-i", empty + ".not"}, []string{"list " + empty + ".not: "}},
		"no list":        {[]string{"-i", dir}, []string{"list " + dir + ": "}},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(c.args[1], locked) && (os.Geteuid() <= 0 || runtime.GOOS == "windows") {
				t.Skip("may write everywhere")
			}
			r := runCommand(t, "", append(c.args, "http://127.0.0.1:1/x")...)
			require.Equal(t, command.Failed, r.code)
			require.Empty(t, r.stdout)
			require.Equal(t, 1, strings.Count(r.stderr, "\n"), r.stderr)
			for _, says := range c.says {
				require.Contains(t, r.stderr, says)
			}
		})
	}
	r := runCommand(t, "", "-i", empty)
	require.Equal(t, command.Failed, r.code)
	require.Equal(t, "fetch: list "+empty+" holds no URL\n", r.stderr)
}

func TestTriedDirectoryIsEmpty(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	require.NoError(t, makeDir(dir))
	requireEmptyDir(t, dir)
}

func TestSpeedLimit(t *testing.T) {
	o := startOrigin(t, origin.Config{})
	begun := time.Now()
	r := runCommand(t, "", "-o", t.TempDir(), "-limit-rate", "400K", o.URL("a.bin", 200<<10))
	require.Equal(t, command.Done, r.code, r.stderr)
	require.GreaterOrEqual(t, time.Since(begun), 350*time.Millisecond)
}

func TestSpeedsAreBinary(t *testing.T) {
	for text, want := range map[string]speed{"1": 1, "500K": 500 << 10, "500k": 500 << 10, "2M": 2 << 20, "1.5G": 3 << 29} {
		var s speed
		require.NoError(t, s.Set(text))
		require.Equal(t, want, s, text)
	}
}

func TestOverwrite(t *testing.T) {
	o := startOrigin(t, origin.Config{})
	for policy, want := range map[string]struct {
		says    string // in place of DIR the directory
		code    int
		old     bool   // what was there stays
		renamed string // the name of the new file, if it is another
	}{
		"":        {"saved as DIR/a (1).bin  1000 B\n", command.Done, true, "a (1).bin"},
		"rename":  {"saved as DIR/a (1).bin  1000 B\n", command.Done, true, "a (1).bin"},
		"replace": {"saved DIR/a.bin  1000 B\n", command.Done, false, ""},
		"skip":    {"kept DIR/a.bin  5 B\n", command.Done, true, ""},
		"error":   {"", command.Failed, true, ""},
		"changed": {"saved DIR/a.bin  1000 B\n", command.Done, false, ""},
	} {
		t.Run(policy, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "a.bin"), []byte("other"), 0o600))
			args := []string{"-o", dir, o.URL("a.bin", 1000)}
			if policy != "" {
				args = append(args, "-overwrite", policy)
			}
			r := runCommand(t, "", args...)
			require.Equal(t, want.code, r.code, r.stderr)
			require.True(t, strings.HasPrefix(r.stdout, strings.ReplaceAll(filepath.FromSlash(want.says), "DIR", dir)), r.stdout)
			if want.old {
				body, err := os.ReadFile(filepath.Join(dir, "a.bin"))
				require.NoError(t, err)
				require.Equal(t, "other", string(body))
			} else {
				requireFile(t, dir, "a.bin", 1000)
			}
			if want.renamed != "" {
				require.FileExists(t, filepath.Join(dir, want.renamed))
			}
		})
	}
}

// TestNameWithANumberOfItsOwn is not "saved as": nothing else is in its place.
func TestNameWithANumberOfItsOwn(t *testing.T) {
	o, dir := startOrigin(t, origin.Config{}), t.TempDir()
	r := runCommand(t, "", "-o", dir, o.URL("a (1).bin", 10))
	require.Contains(t, r.stdout, "saved "+filepath.Join(dir, "a (1).bin"))
	r = runCommand(t, "", "-o", dir, o.URL("a.bin", 10), o.URL("b (2).bin", 10))
	require.Contains(t, r.stdout, "saved "+filepath.Join(dir, "a.bin"))
	require.Contains(t, r.stdout, "saved "+filepath.Join(dir, "b (2).bin"))
}

func TestDigest(t *testing.T) {
	o, dir := startOrigin(t, origin.Config{}), t.TempDir()
	url := o.URL("a.bin", 1000)
	r := runCommand(t, "", "-o", dir, "-sha256", strings.Repeat("0", 64), url)
	require.Equal(t, command.Failed, r.code)
	require.Contains(t, r.stderr, "fetch: verify")
	require.NoFileExists(t, filepath.Join(dir, "a.bin"))
	r = runCommand(t, "", "-o", dir, "-sha256", strings.ToUpper(origin.SHA256("a.bin", 1000)), url)
	require.Equal(t, command.Done, r.code, r.stderr)
	requireFile(t, dir, "a.bin", 1000)
}

// TestHeadersGoToTheURLsHostOnly: one that it leads to is told nothing.
func TestHeadersGoToTheURLsHostOnly(t *testing.T) {
	var mu sync.Mutex
	saw := map[string]http.Header{}
	note := func(who string, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		saw[who] = r.Header.Clone()
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note("other", r)
		w.Write([]byte("body"))
	}))
	defer other.Close()
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note("own", r)
		http.Redirect(w, r, other.URL+"/b", http.StatusFound)
	}))
	defer own.Close()
	r := runCommand(t, "", "-o", t.TempDir(), "-H", "Authorization: Bearer secret", "-H", "x-kind:  one ", "-H", "X-Kind: two", own.URL+"/a")
	require.Equal(t, command.Done, r.code, r.stderr)
	require.Equal(t, []string{"Bearer secret"}, saw["own"]["Authorization"])
	require.Equal(t, []string{"one", "two"}, saw["own"]["X-Kind"])
	require.NotEmpty(t, saw["other"])
	require.NotContains(t, saw["other"], "Authorization")
	require.NotContains(t, saw["other"], "X-Kind")
	require.NotContains(t, r.stdout+r.stderr, "secret")
}
