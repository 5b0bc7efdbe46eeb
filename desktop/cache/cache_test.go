package cache_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zhiping/desktop/cache"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/fault"
)

var ctx = context.Background()

// noon is 2026-03-02 12:00 at +08:00.
var noon = time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)

func open(t *testing.T, dir, password string) *cache.Cache {
	t.Helper()
	c, err := cache.Open(ctx, dir, password, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// server is a source that can be out of reach.
type server struct {
	name string
	err  error
}

func (s *server) page(context.Context, *commonv1.Query) ([]*unitv1.Unit, *commonv1.PageInfo, error) {
	if s.err != nil {
		return nil, nil, s.err
	}
	return []*unitv1.Unit{{Id: "1", Name: s.name}}, &commonv1.PageInfo{Total: 1}, nil
}

func TestThrough(t *testing.T) {
	dir := t.TempDir()
	s := &server{name: "甲单位保密名称"}
	read := cache.Through(open(t, dir, "password-1"), "unit", s.page)
	q := &commonv1.Query{Scope: "own"}
	if _, _, err := read(ctx, q); err != nil {
		t.Fatal(err)
	}
	s.err = fault.New(fault.Offline, "无法连接服务器")
	rows, page, err := read(ctx, q)
	if len(rows) != 1 || rows[0].Name != s.name || page.Total != 1 {
		t.Fatal(rows, page, err)
	}
	if fault.CodeOf(err) != fault.Offline || !strings.Contains(err.Error(), "03-02 12:00") {
		t.Fatal("what was kept does not say how old it is:", err)
	}
	if _, _, err := read(ctx, &commonv1.Query{Scope: "other"}); fault.CodeOf(err) != fault.Offline {
		t.Fatal("a page that was never seen:", err)
	}
	s.err = fault.New(fault.Denied, "没有权限")
	if _, _, err := read(ctx, q); fault.CodeOf(err) != fault.Denied {
		t.Fatal("what the server refuses was answered from the cache:", err)
	}
	for _, f := range []string{"cache.db", "cache.db-wal"} {
		if b, err := os.ReadFile(filepath.Join(dir, f)); err == nil && bytes.Contains(b, []byte(s.name)) {
			t.Errorf("%s holds a name in the clear", f)
		}
	}
}

func TestAnotherPasswordFindsNothing(t *testing.T) {
	dir := t.TempDir()
	s := &server{name: "甲单位"}
	c := open(t, dir, "password-1")
	if _, _, err := cache.Through(c, "unit", s.page)(ctx, &commonv1.Query{}); err != nil {
		t.Fatal(err)
	}
	c.Close()
	s.err = fault.New(fault.Offline, "无法连接服务器")
	same := open(t, dir, "password-1")
	if rows, _, err := cache.Through(same, "unit", s.page)(ctx, &commonv1.Query{}); len(rows) != 1 {
		t.Fatal("the same password does not find it:", rows, err)
	}
	same.Close()
	if rows, _, _ := cache.Through(open(t, dir, "password-2"), "unit", s.page)(ctx, &commonv1.Query{}); len(rows) > 0 {
		t.Fatal("another password finds", rows)
	}
}

// What the server has just answered is shown, whether or not it could be kept.
func TestAnAnswerThatCannotBeKeptIsShown(t *testing.T) {
	c := open(t, t.TempDir(), "password-1")
	s := &server{name: "甲单位"}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	rows, page, err := cache.Through(c, "unit", s.page)(ctx, &commonv1.Query{})
	if err != nil || len(rows) != 1 || page.GetTotal() != 1 {
		t.Fatal(rows, page, err)
	}
}

// A damaged cache must not keep anybody from signing in: it is made anew.
func TestADamagedFileIsMadeAnew(t *testing.T) {
	dir := t.TempDir()
	s := &server{name: "甲单位"}
	c := open(t, dir, "password-1")
	if _, _, err := cache.Through(c, "unit", s.page)(ctx, &commonv1.Query{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cache.db"), bytes.Repeat([]byte("x"), 8192), 0o600); err != nil {
		t.Fatal(err)
	}
	read := cache.Through(open(t, dir, "password-1"), "unit", s.page)
	if _, _, err := read(ctx, &commonv1.Query{}); err != nil {
		t.Fatal(err)
	}
	s.err = fault.New(fault.Offline, "无法连接服务器")
	if rows, _, _ := read(ctx, &commonv1.Query{}); len(rows) != 1 {
		t.Fatal("the new file keeps nothing")
	}
}
