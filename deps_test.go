package littledl_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/littledl/littledl"

// listed is what go list tells of a package.
type listed struct {
	ImportPath string
	Standard   bool
	Module     *struct{ Path string }
	Imports    []string
}

func goList(t *testing.T, args ...string) []listed {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-json=ImportPath,Standard,Module,Imports"}, args...)...).Output()
	require.NoError(t, err)
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p listed
		require.NoError(t, d.Decode(&p))
		all = append(all, p)
	}
	require.NotEmpty(t, all)
	return all
}

// TestDependencies: who imports the library gets nothing else but these modules.
func TestDependencies(t *testing.T) {
	for _, p := range goList(t, "-deps", ".") {
		if p.Standard {
			continue
		}
		require.NotNil(t, p.Module, p.ImportPath)
		require.Contains(t, []string{module, "golang.org/x/sync", "golang.org/x/sys"}, p.Module.Path, p.ImportPath)
		require.NotContains(t, p.ImportPath, "internal/fault", "it is for tests")
		require.NotContains(t, p.ImportPath, "crashfs", "it is for tests")
		require.NotContains(t, p.ImportPath, "internal/replay", "it is for tests")
	}
}

// TestInternalImportsDownward: the packages of mechanics know nothing of the library,
// and of each other no more than this, all of it on lower floors.
func TestInternalImportsDownward(t *testing.T) {
	type place struct {
		floor   int
		imports []string
	}
	places := map[string]place{
		"backoff":     {floor: 1},
		"budget":      {floor: 1},
		"concurrency": {floor: 1},
		"digest":      {floor: 1},
		"gate":        {floor: 1},
		"httprange":   {floor: 1},
		"journal":     {floor: 1},
		"line":        {floor: 1},
		"meter":       {floor: 1},
		"pace":        {floor: 1},
		"redact":      {floor: 1},
		"safename":    {floor: 1},
		"share":       {floor: 1},
		"span":        {floor: 1},
		"wait":        {floor: 1},
		"event":       {floor: 1},
		"fail":        {floor: 1},
		"feed":        {floor: 1},

		"partfile": {floor: 2, imports: []string{"journal"}},
		"fetch":    {floor: 2, imports: []string{"backoff", "fail", "redact"}},
		"health":   {floor: 2, imports: []string{"backoff", "wait"}},
		"segment":  {floor: 2, imports: []string{"fail", "span", "wait"}},
		"metalink": {floor: 2, imports: []string{"digest", "safename"}},
		"names":    {floor: 2, imports: []string{"safename"}},
		"sink":     {floor: 2, imports: []string{"digest", "fail", "span"}},

		"disk":     {floor: 3, imports: []string{"digest", "fail", "httprange", "journal", "partfile", "safename", "span"}},
		"origin":   {floor: 3, imports: []string{"budget", "concurrency", "event", "fail", "fetch", "health", "line", "meter", "pace", "share"}},
		"recovery": {floor: 3, imports: []string{"backoff", "fail", "health", "wait"}},
		"strategy": {floor: 3, imports: []string{"line", "segment"}},
		"task":     {floor: 3, imports: []string{"digest", "names", "redact", "safename", "sink"}},

		"exchange": {floor: 4, imports: []string{"backoff", "digest", "event", "fail", "fetch", "health", "httprange", "origin", "safename"}},
		"reuse":    {floor: 4, imports: []string{"digest", "disk", "fail", "httprange", "partfile", "safename"}},

		"transfer": {floor: 5, imports: []string{
			"digest", "disk", "event", "exchange", "fail", "fetch", "gate", "health", "httprange", "journal", "line", "meter", "names",
			"origin", "pace", "partfile", "recovery", "reuse", "safename", "segment", "sink", "span", "task", "wait",
		}},

		"batch": {floor: 6, imports: []string{"budget", "event", "exchange", "fail", "gate", "meter", "origin", "redact", "segment", "share", "task", "transfer"}},

		// For tests.
		"faultserver": {floor: 1},
		"replay":      {floor: 1},
		"crashfs":     {floor: 3, imports: []string{"partfile"}},
		"faultdisk":   {floor: 3, imports: []string{"partfile"}},
	}
	listed := goList(t, "./internal/...")
	require.Len(t, listed, len(places), "packages there are, and packages that have their place here")
	for _, p := range listed {
		name := strings.TrimPrefix(p.ImportPath, module+"/internal/")
		require.Contains(t, places, name, "it has no place here")
		var imports []string
		for _, i := range p.Imports {
			rest, ours := strings.CutPrefix(i, module)
			if !ours {
				continue
			}
			require.NotEmpty(t, rest, "%s imports the root", name)
			i = strings.TrimPrefix(rest, "/internal/")
			require.Less(t, places[i].floor, places[name].floor, "%s imports %s", name, i)
			imports = append(imports, i)
		}
		require.ElementsMatch(t, places[name].imports, imports, "what %s imports", name)
	}
}

// TestWhereThingsHappen: requests are made in one place and files opened in another, so
// that a reader has to look there alone.
func TestWhereThingsHappen(t *testing.T) {
	only := map[string][]string{
		"RoundTrip":       {"internal/fetch"},
		"http.Get":        nil,
		"http.NewRequest": nil,
		"os.Open":         nil,
		"os.OpenFile":     {"internal/partfile"},
		"os.Create":       nil,
		"os.WriteFile":    nil,
		"os.Rename":       nil,
		"os.Remove":       {"internal/partfile"},
		"os.RemoveAll":    nil,
		"os.OpenRoot":     {"internal/partfile"},
		"os.MkdirAll":     {"internal/partfile"},
		"time.Sleep":      nil,

		// What belongs to the whole process.
		"http.DefaultClient":    nil,
		"http.DefaultTransport": nil,
		"http.DefaultServeMux":  nil,
		"net.DefaultResolver":   nil,
		"os.Setenv":             nil,
		"os.Unsetenv":           nil,
		"os.Chdir":              nil,
		"os.Exit":               nil,
		"os.Stdout":             nil,
		"os.Stderr":             nil,
		"signal.Notify":         nil,
		"slog.SetDefault":       nil,
		"slog.Default":          nil,
	}
	packages := []string{"os", "http", "time", "net", "signal", "slog"}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{"examples", "e2e", "faultserver", "testdata", ".ci"}, d.Name()), d.Name() == ".git":
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		calls := map[ast.Expr]bool{}
		ast.Inspect(f, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok {
				calls[c.Fun] = true
			}
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			name := call.Sel.Name
			if name == "RoundTrip" && !calls[call] { // a field
				return true
			}
			if x, ok := call.X.(*ast.Ident); ok && slices.Contains(packages, x.Name) {
				name = x.Name + "." + name
			}
			if where, bound := only[name]; bound {
				require.Contains(t, where, filepath.ToSlash(filepath.Dir(path)), "%s calls %s", path, name)
			}
			return true
		})
		return nil
	})
	require.NoError(t, err)
}

// TestRootStartsNothing: the root is types, options and wiring; what runs has its owner below.
func TestRootStartsNothing(t *testing.T) {
	all, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, path := range all {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt, *ast.SelectStmt, *ast.ChanType:
				require.Fail(t, "it runs something", path)
			case *ast.SelectorExpr:
				require.NotEqual(t, "Go", n.Sel.Name, path)
			}
			return true
		})
	}
}
