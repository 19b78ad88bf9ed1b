package littledl_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// faultCase is one entry of the catalogue, and the tests that prove it.
type faultCase struct {
	what  string
	tests []string // "TestName" of this package, "fetch.TestName" of an internal one
}

func names(list string) []string { return strings.Fields(list) }

// written is what the sources of the tests hold.
type written struct {
	tests   map[string]bool // the test functions, as faultCase names them
	numbers map[int]bool    // of the cases that sub-tests are named after
}

var numbered = regexp.MustCompile(`^(\d+) `)

// readTests parses the tests. A string in a test function of the files faults_* and
// crash_* that begins with a number and a space is the name of sub-tests, unless it is what
// a check says.
func readTests(t *testing.T) written {
	w := written{map[string]bool{}, map[int]bool{}}
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	inner, err := filepath.Glob("internal/*/*_test.go")
	require.NoError(t, err)
	for _, path := range append(files, inner...) {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		prefix := ""
		if dir := filepath.Dir(path); dir != "." {
			prefix = filepath.Base(dir) + "."
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(fn.Name.Name, "Test") && !strings.HasPrefix(fn.Name.Name, "Fuzz") {
				continue
			}
			w.tests[prefix+fn.Name.Name] = true
			if strings.HasPrefix(path, "faults_") || strings.HasPrefix(path, "crash_") {
				w.readNumbers(fn)
			}
		}
	}
	return w
}

func (w written) readNumbers(fn *ast.FuncDecl) {
	ast.Inspect(fn, func(n ast.Node) bool {
		if isCheck(n) {
			return false
		}
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		text, _ := strconv.Unquote(lit.Value)
		if m := numbered.FindStringSubmatch(text); m != nil {
			n, _ := strconv.Atoi(m[1])
			w.numbers[n] = true
		}
		return true
	})
}

// isCheck tells calls of the package require.
func isCheck(n ast.Node) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return false
	}
	fn, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	of, ok := fn.X.(*ast.Ident)
	return ok && of.Name == "require"
}

func (w written) requireTests(t *testing.T, tests []string) {
	for _, name := range tests {
		require.True(t, w.tests[name], "there is no test %s", name)
	}
}

// TestCatalogue: each case is proven by a test that is there, or left out for a reason.
func TestCatalogue(t *testing.T) {
	w := readTests(t)
	for n, c := range catalogue {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			require.NotEmpty(t, c.what)
			w.requireTests(t, c.tests)
			w.requireTests(t, elsewhere[n])
			if !w.numbers[n] && len(c.tests)+len(elsewhere[n]) == 0 {
				require.NotEmpty(t, leftOut[n], "nothing proves case %d: %s", n, c.what)
			}
		})
	}
}

// TestSecurityRules: each rule is proven by tests that are there, or left out for a
// reason.
func TestSecurityRules(t *testing.T) {
	w := readTests(t)
	for n := 1; n <= len(rules)+len(rulesLeftOut); n++ {
		rule, ok := rules[n]
		require.NotEqual(t, ok, rulesLeftOut[n] != "", "rule %d", n)
		require.Equal(t, ok, len(rule.tests) > 0, "rule %d", n)
		w.requireTests(t, rule.tests)
	}
}
