package littledl_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A snippet that does not compile costs a stranger his first quarter of an hour, so what README.md
// shows is type-checked against the package as it is.

// TestREADME: every Go snippet compiles, and the one that is a test passes, being one of ours.
func TestREADME(t *testing.T) {
	t.Parallel()
	text := readText(t, "README.md")
	all := snippets(text)
	require.NotEmpty(t, all)
	for _, err := range newSnippetChecker(t).check("README.md", all) {
		t.Error(err)
	}
	_, ours, _ := strings.Cut(readText(t, "readme_network_test.go"), "word for word: TestREADME compares them.\n")
	require.True(t, strings.Contains(text, "```go\n"+strings.TrimSpace(ours)+"\n```\n"), "README.md does not show readme_network_test.go")
}

// TestREADMENames: what README.md calls by a name that looks like one of the package's is there.
func TestREADMENames(t *testing.T) {
	t.Parallel()
	c := newSnippetChecker(t)
	pkg, err := importer.ForCompiler(token.NewFileSet(), "gc", c.open).Import("github.com/littledl/littledl")
	require.NoError(t, err)
	there := map[string]bool{}
	for _, name := range pkg.Scope().Names() {
		there[name] = true
		of := pkg.Scope().Lookup(name).Type()
		if fields, ok := of.Underlying().(*types.Struct); ok {
			for f := range fields.Fields() {
				there[f.Name()], there[name+"."+f.Name()] = true, true
			}
		}
		for m := range types.NewMethodSet(types.NewPointer(of)).Methods() {
			there[m.Obj().Name()] = true
		}
	}
	names := regexp.MustCompile("`((?:[A-Z][a-z]+[A-Za-z]*\\.)?(?:[A-Z][A-Za-z]*[a-z]|With[A-Za-z]+))(?:[ (].*?)?`").FindAllStringSubmatch(readText(t, "README.md"), -1)
	require.Greater(t, len(names), 100)
	for _, m := range names {
		name := strings.Replace(m[1], "Retry.", "RetryConfig.", 1)
		require.True(t, there[name] || slices.Contains([]string{"DownloadConfig", "Retryable", "Repr"}, name), "README.md speaks of %s, which is not there", m[1])
	}
}

// TestSnippetsThatDoNotCompile: what is wrong is named by block and line.
func TestSnippetsThatDoNotCompile(t *testing.T) {
	t.Parallel()
	c := newSnippetChecker(t)
	for name, test := range map[string]struct{ text, want string }{
		"no such name":  {"\n```go\nfmt.Println(littledl.ErrOfNothing)\n```\n", "block 1: README.md:3: undefined: littledl.ErrOfNothing"},
		"second block":  {"```go\n_ = ctx\n```\n\n```go\n_ = ctx\nvar n int = dir\n_ = n\n```\n", "block 2: README.md:7: cannot use dir"},
		"not used":      {"```go\nd, err := littledl.NewBatchDownloader()\n_ = err\n```\n", "block 1: README.md:2: declared and not used: d"},
		"no Go":         {"```go\nd := …\n```\n", "block 1: README.md:2:"},
		"a whole file":  {"```go\npackage main\n\nimport \"fmt\"\n\nfunc main() { fmt.Print(x) }\n```\n", "block 1: README.md:6: undefined: x"},
		"a declaration": {"```go\nfunc f() int { return ctx }\n```\n", "block 1: README.md:2: undefined: ctx"},
		"no such file":  {"```go\nimport \"example.com/nothing\"\n\nvar _ = nothing.X\n```\n", "block 1: README.md:2: could not import example.com/nothing"},
	} {
		all := c.check("README.md", snippets(test.text))
		require.NotEmpty(t, all, name)
		require.Contains(t, all[0].Error(), test.want, name)
	}
	require.Empty(t, c.check("README.md", snippets("```\nnot Go\n```\n```go\nreturn errors.Join(ctx.Err(), t.Context().Err())\n```\n")))
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// snippet is a block of Go in a text.
type snippet struct {
	line int // of the text, where its first line is
	code string
}

func snippets(text string) (all []snippet) {
	in := false
	for i, line := range strings.Split(text, "\n") {
		switch {
		case line == "```go":
			in = true
			all = append(all, snippet{line: i + 2})
		case strings.HasPrefix(line, "```"):
			in = false
		case in:
			all[len(all)-1].code += line + "\n"
		}
	}
	return all
}

// snippetPackages are those that a snippet may name without importing them.
var snippetPackages = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "fs": "io/fs", "http": "net/http", "io": "io", "littledl": "github.com/littledl/littledl",
	"log": "log", "net": "net", "os": "os", "slices": "slices", "slog": "log/slog", "synctest": "testing/synctest", "testing": "testing", "time": "time",
}

// What a snippet of statements may use: what its reader has.
const snippetHas = "ctx context.Context, t *testing.T, urls []string, dir string, " +
	"manifest []struct{ URL, Name, Integrity string; Size int64; Mode fs.FileMode }"

// snippetChecker knows the packages that snippets import by what the compiler has made of them.
type snippetChecker struct{ exports map[string]string }

func newSnippetChecker(t *testing.T) *snippetChecker {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not here: ", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	args := []string{"list", "-export", "-deps", "-json=ImportPath,Export"}
	for _, path := range snippetPackages {
		args = append(args, path)
	}
	list := exec.CommandContext(ctx, "go", args...)
	var said strings.Builder
	list.Stderr = &said
	out, err := list.Output()
	require.NoError(t, err, said.String())
	c := &snippetChecker{exports: map[string]string{}}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct{ ImportPath, Export string }
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return c
		}
		require.NoError(t, err)
		c.exports[p.ImportPath] = p.Export
	}
}

// open is what the compiler has made of a package.
func (c *snippetChecker) open(path string) (io.ReadCloser, error) {
	if c.exports[path] == "" {
		return nil, fmt.Errorf("snippets may import %v alone", slices.Sorted(maps.Values(snippetPackages)))
	}
	return os.Open(c.exports[path])
}

// check is what is wrong with the snippets of a text, by block and line.
func (c *snippetChecker) check(name string, all []snippet) (wrong []error) {
	fset := token.NewFileSet()
	from := importer.ForCompiler(fset, "gc", c.open)
	for i, s := range all {
		say := func(err error) { wrong = append(wrong, fmt.Errorf("block %d: %w", i+1, err)) }
		file, err := s.parse(fset, name)
		if err != nil {
			say(err)
			continue
		}
		conf := types.Config{Importer: from, Error: say}
		_, _ = conf.Check("readme", fset, []*ast.File{file}, nil) // say has heard of it
	}
	return wrong
}

var named = regexp.MustCompile(`\b([a-z]+)\.[A-Z]`)

// parse takes a snippet for a file, for declarations, or for statements.
func (s snippet) parse(fset *token.FileSet, name string) (*ast.File, error) {
	at := fmt.Sprintf("//line %s:%d\n", name, s.line)
	if strings.HasPrefix(s.code, "package ") {
		return parser.ParseFile(fset, name, at+s.code, parser.SkipObjectResolution)
	}
	imports := ""
	code := regexp.MustCompile(`//.*`).ReplaceAllString(s.code, "")
	if !strings.HasPrefix(s.code, "import ") {
		used := map[string]bool{}
		for _, m := range named.FindAllStringSubmatch(code, -1) {
			if path := snippetPackages[m[1]]; path != "" && !used[path] {
				used[path] = true
				imports += fmt.Sprintf("import %q\n", path)
			}
		}
	}
	if file, err := parser.ParseFile(fset, name, "package readme\n"+imports+at+s.code, parser.SkipObjectResolution); err == nil {
		return file, nil
	}
	for _, needed := range []string{"context", "io/fs", "testing"} { // by snippetHas
		if line := fmt.Sprintf("import %q\n", needed); !strings.Contains(imports, line) {
			imports += line
		}
	}
	return parser.ParseFile(fset, name, "package readme\n"+imports+"func _("+snippetHas+") error {{\n"+at+s.code+"}\nreturn nil\n}\n", parser.SkipObjectResolution)
}
