package littledl_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// declarations are those of the package, without its tests.
func declarations(t *testing.T) (all []ast.Decl) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		all = append(all, file.Decls...)
	}
	return all
}

// TestOptionsSayWhoseTheyAre: of every option its comment says which downloader takes it, and what
// holds without it.
func TestOptionsSayWhoseTheyAre(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, decl := range declarations(t) {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "With") {
			continue
		}
		seen++
		doc := strings.ToLower(strings.Join(strings.Fields(f.Doc.Text()), " "))
		require.Contains(t, doc, "the default is ", f.Name.Name)
		if kind := f.Type.Results.List[0].Type.(*ast.Ident).Name; kind == "SelectorOption" {
			continue
		}
		require.True(t, strings.Contains(doc, "for both downloaders") || strings.Contains(doc, "for the enhanced downloader"), f.Name.Name)
	}
	require.Greater(t, seen, 35)
}

// TestFieldsSayTheirDefaults: of every number of a configuration its comment says what 0 means.
func TestFieldsSayTheirDefaults(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, decl := range declarations(t) {
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.TYPE {
			continue
		}
		for _, spec := range d.Specs {
			s, ok := spec.(*ast.TypeSpec).Type.(*ast.StructType)
			name := spec.(*ast.TypeSpec).Name.Name
			if !ok || name != "Limits" && !strings.HasSuffix(name, "Config") {
				continue
			}
			for _, f := range s.Fields.List {
				seen++
				doc := f.Doc.Text() + f.Comment.Text()
				field := name + "." + f.Names[0].Name
				require.NotEmpty(t, doc, field)
				switch kind := f.Type.(type) {
				case *ast.SelectorExpr:
					if kind.Sel.Name == "Duration" {
						require.Regexp(t, `\d`, doc, field)
					}
				case *ast.Ident:
					if strings.HasPrefix(kind.Name, "int") {
						require.Regexp(t, `\d`, doc, field)
					}
				}
			}
		}
	}
	require.Greater(t, seen, 40)
}
