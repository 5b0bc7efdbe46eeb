// Package layers holds the rules of the house as a test: who may import whom, where statements, goroutines and files may be.
package layers_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// order is the order of the domains: one uses only those before it.
var order = []string{
	"person", "unit", "committee", "expert", "activity", "application", "meeting", "publicity", "confirmation", "certificate", "archive", "talent",
	"message", "notice", "attachment", "home",
}

type file struct {
	path, dir string
	ast       *ast.File
	fset      *token.FileSet
}

func files(t *testing.T) []file {
	t.Helper()
	var all []file
	for _, top := range []string{"desktop", "server", "shared", "assets", "packaging"} {
		err := filepath.WalkDir("../../"+top, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
				if d == nil {
					return nil // a part of the house that does not stand yet
				}
				return err
			}
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
			if err != nil {
				return err
			}
			path = strings.TrimPrefix(filepath.ToSlash(path), "../../")
			all = append(all, file{path: path, dir: filepath.ToSlash(filepath.Dir(path)), ast: f, fset: fset})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(all) < 30 {
		t.Fatalf("only %d files were found", len(all))
	}
	return all
}

func imports(f file) []string {
	var all []string
	for _, i := range f.ast.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		all = append(all, p)
	}
	return all
}

func test(f file) bool {
	return strings.HasSuffix(f.path, "_test.go") || strings.HasSuffix(f.dir, "test")
}

func TestImports(t *testing.T) {
	for _, f := range files(t) {
		for _, p := range imports(f) {
			if why := forbidden(f, p); why != "" {
				t.Errorf("%s imports %s: %s", f.path, p, why)
			}
		}
	}
}

func forbidden(f file, p string) string {
	top, _, _ := strings.Cut(f.path, "/")
	fyne := strings.HasPrefix(p, "fyne.io/")
	switch {
	case fyne && top != "desktop":
		return "only desktop knows Fyne"
	case p == "fyne.io/fyne/v2/app" && f.dir != "desktop":
		return "only desktop/main.go starts a window"
	case top == "shared" && (p == "net/http" || strings.HasPrefix(p, "zhiping/server") || strings.HasPrefix(p, "zhiping/desktop")):
		return "shared knows neither network nor programs"
	case top == "server" && strings.HasPrefix(p, "zhiping/desktop"), top == "desktop" && strings.HasPrefix(p, "zhiping/server") && !test(f):
		return "the two programs do not know each other"
	case p == "database/sql" && !test(f) && f.dir != "shared/db" && f.dir != "shared/ballot/box" && !strings.HasPrefix(f.dir, "desktop/cache"):
		return "statements run through shared/db"
	}
	return domainOrder(f, p)
}

// domainOrder forbids a domain to use a later one of the same layer.
func domainOrder(f file, p string) string {
	layer, from, ok := strings.Cut(f.dir, "/")
	to, same := strings.CutPrefix(p, "zhiping/"+layer+"/")
	if !ok || !same || test(f) {
		return ""
	}
	i, j := slices.Index(order, from), slices.Index(order, to)
	if i >= 0 && j > i {
		return "a domain uses only those before it"
	}
	return ""
}

// Goroutines and window updates stand only where they are looked after.
func TestGoroutinesOfTheDesktop(t *testing.T) {
	for _, f := range files(t) {
		if !strings.HasPrefix(f.path, "desktop/") || test(f) || slices.Contains([]string{"desktop/kit", "desktop/syncer", "desktop/room"}, f.dir) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s: a go statement outside kit, syncer and room", f.fset.Position(g.Pos()))
			}
			if c, ok := n.(*ast.SelectorExpr); ok && c.Sel.Name == "Do" {
				if x, ok := c.X.(*ast.Ident); ok && x.Name == "fyne" {
					t.Errorf("%s: fyne.Do outside kit, syncer and room", f.fset.Position(c.Pos()))
				}
			}
			return true
		})
	}
}

// Every package says what it is for.
func TestPackageComments(t *testing.T) {
	said := map[string]bool{}
	for _, f := range files(t) {
		if _, ok := said[f.dir]; !ok {
			said[f.dir] = false
		}
		if f.ast.Doc != nil {
			said[f.dir] = true
		}
	}
	for dir, ok := range said {
		if !ok {
			t.Errorf("package %s has no comment", dir)
		}
	}
}
