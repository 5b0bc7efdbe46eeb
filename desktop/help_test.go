package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/help"
	"zhiping/desktop/kit"
	"zhiping/desktop/shell"
	"zhiping/desktop/syncer"
	"zhiping/desktop/theme"
	"zhiping/desktop/vault"
	"zhiping/server/servertest"
)

// signedIn is the program with somebody signed in at a real server.
func signedIn(t *testing.T, h *servertest.House, account string) *program {
	t.Helper()
	w := test.NewTempWindow(t, widget.NewLabel(""))
	w.Resize(fyne.NewSize(1340, 720))
	p := newProgram(w)
	p.desk.Run, p.command = kit.Inline, &windowCommand{Scale: 1}
	h.Settle(account)
	c := syncer.Dial(h.URL, "")
	opened, err := syncer.OpenAccount(t.Context(), c, t.TempDir(), account, servertest.Password, vault.None{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	p.remember(c.Name(), account)
	p.enter(c, opened)
	t.Cleanup(func() { p.end() })
	return p
}

// literals are the pages that the program makes, and the screens before signing in, by the key of their help.
func literals(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	fset := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.CompositeLit:
				if s, ok := x.Type.(*ast.SelectorExpr); ok && s.Sel.Name == "Page" {
					if key := keyOf(x); key == "" {
						t.Errorf("%s: this page has neither Help nor a Key that can be read here: say which help is its", fset.Position(x.Pos()))
					} else {
						used[key] = true
					}
				}
			case *ast.CallExpr:
				if id, ok := x.Fun.(*ast.Ident); ok && (id.Name == "withHelp" || id.Name == "article" || id.Name == "helpKeys") && text(x.Args[1]) != "" {
					used[text(x.Args[1])] = true
				}
				if s, ok := x.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Article" && text(x.Args[0]) != "" {
					used[text(x.Args[0])] = true
				}
			}
			return true
		})
	}
	return used
}

// keyOf is the key of the help of a page as it stands in the code.
func keyOf(page *ast.CompositeLit) (key string) {
	for _, e := range page.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		switch name := kv.Key.(*ast.Ident).Name; {
		case name == "Help":
			if s := text(kv.Value); s != "" {
				return s
			}
			return "a list's" // worked out: what the menu opens is looked at below
		case name == "Key":
			key, _, _ = strings.Cut(text(kv.Value), " ")
			if sel, ok := kv.Value.(*ast.SelectorExpr); ok && sel.Sel.Name == "Name" {
				key = "a list's"
			}
		}
	}
	return key
}

// text is a text in the code, the first one of a sum.
func text(e ast.Expr) string {
	if sum, ok := e.(*ast.BinaryExpr); ok {
		return text(sum.X)
	}
	if lit, ok := e.(*ast.BasicLit); ok {
		s, _ := strconv.Unquote(lit.Value)
		return s
	}
	return ""
}

// announced are the pages whose screens are being built; with its screen a page leaves this list.
var announced []string

// Every screen has its help, and every help its screen: the menu is walked as a super-administrator has it, and every page that the code makes.
func TestEveryScreenHasItsHelp(t *testing.T) {
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(1, false))
	p := signedIn(t, servertest.Start(t, ""), "topadmin")
	has := map[string]bool{}
	for _, page := range help.All() {
		has[page.Key] = true
		if page.Title == "" || len([]rune(page.Text)) < 150 || !strings.Contains(page.Text, "## 常见问题") || !strings.Contains(page.Text, "## ") {
			t.Errorf("the help %q is no page a clerk can use: %q", page.Key, page.Title)
		}
	}
	used := literals(t)
	delete(used, "a list's")
	used["review"], used["pool-review"] = true, true // pages that a row opens
	seen := 0
	for _, it := range p.menu() {
		if it.Title == signOutTitle {
			continue
		}
		seen++
		if page := it.Open(); page != nil { // a line may do something instead
			used[page.HelpKey()] = true
		}
	}
	if seen < 15 {
		t.Fatalf("only %d lines of the menu were walked", seen)
	}
	for key := range used {
		if !has[key] {
			t.Errorf("the screen %q has no help: write assets/help/%s.md, or say Help in its shell.Page", key, key)
		}
	}
	for _, key := range announced {
		if used[key] {
			t.Errorf("the screen %q is there: take it off the announced ones", key)
		}
		used[key] = true
	}
	for key := range has {
		if !used[key] {
			t.Errorf("the help %q belongs to no screen", key)
		}
	}
}

// What a person has set up is there again after the next sign-in: pages, widths, page size, look.
func TestRemembered(t *testing.T) {
	test.NewTempApp(t)
	h := servertest.Start(t, "")
	p := signedIn(t, h, "topadmin")
	open := func(p *program, line string) *shell.Page {
		for _, it := range p.menu() {
			if it.Title == line {
				page := it.Page()
				p.shell.Open(page)
				return page
			}
		}
		t.Fatal("no line", line)
		return nil
	}
	open(p, "下级单位信息管理")
	open(p, "角色管理")
	p.showHelp("roles")
	p.memory.KeepLook(kit.Look{Scale: 1.25, Dark: true})

	again := signedIn(t, h, "topadmin")
	if got := again.memory.Pages(); strings.Join(got, " ") != "下级单位信息管理 角色管理 帮助" {
		t.Error("open pages:", got)
	}
	if l := again.look(); l.Scale != 1.25 || !l.Dark {
		t.Error("look:", l)
	}
	if again.shell.Key() != "home" {
		t.Error("it opened on", again.shell.Key())
	}
	again.shell.Close("roles")
	if got := again.memory.Pages(); strings.Join(got, " ") != "下级单位信息管理 帮助" {
		t.Error("after closing one:", got)
	}
}
