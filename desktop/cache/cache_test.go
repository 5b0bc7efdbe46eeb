package cache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"zhiping/desktop/cache"
	"zhiping/desktop/list"
	"zhiping/desktop/vault"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	syncv1 "zhiping/proto/gen/zhiping/sync/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

var ctx = context.Background()

// noon is 2026-03-02 12:00 at +08:00.
var noon = time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)

// desk is a mirror with the lists of units, and a server that can be out of reach.
type desk struct {
	t     *testing.T
	dir   string
	c     *cache.Cache
	lists map[string]*list.List[*unitv1.Unit]
	asked int
	away  bool
	rows  []*unitv1.Unit // what the server answers
}

func newDesk(t *testing.T, dir string, now time.Time) *desk {
	t.Helper()
	v, err := vault.Open(dir, "clerk", "password-1", true, vault.None{})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, dir: dir, lists: map[string]*list.List[*unitv1.Unit]{}}
	if d.c, err = cache.Open(ctx, dir, v, "top", func() time.Time { return now }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.c.Close() })
	for name, mirror := range map[string]*list.Mirror[*unitv1.Unit]{
		"below":  list.Owned("unit", (*unitv1.Unit).GetSuperiorId, func(u *unitv1.Unit) string { return u.Division }),
		"review": list.Reviewed("unit", (*unitv1.Unit).GetRegistration),
	} {
		d.lists[name] = cache.Add(d.c, &list.List[*unitv1.Unit]{
			Name: name, ID: (*unitv1.Unit).GetId, Mirror: mirror, Columns: []list.Column[*unitv1.Unit]{{Key: "name", Text: (*unitv1.Unit).GetName}, {Title: "地址", Text: (*unitv1.Unit).GetAddress}},
			Source: func(context.Context, *commonv1.Query) ([]*unitv1.Unit, *commonv1.PageInfo, error) {
				if d.asked++; d.away {
					return nil, nil, fault.New(fault.Offline, "无法连接服务器")
				}
				return d.rows, &commonv1.PageInfo{Total: int64(len(d.rows))}, nil
			},
		})
	}
	return d
}

func unit(n int, revision int64) *unitv1.Unit {
	return &unitv1.Unit{Id: fmt.Sprintf("u%02d", n), Revision: revision, Name: fmt.Sprintf("示例单位%02d", n), SuperiorId: "top", Division: "A", Address: "保密地址"}
}

func change(m *unitv1.Unit) *syncv1.Change {
	b, _ := proto.Marshal(m)
	return &syncv1.Change{Kind: "unit", Id: m.Id, Revision: m.Revision, Body: b, At: m.Revision, By: "示例局 经办人"}
}

// checkpoint is what a server says that has these units.
func checkpoint(cursor int64, now []*unitv1.Unit, changes ...*syncv1.Change) *syncv1.PullResponse {
	d := &syncv1.Digest{Kind: "unit"}
	for _, u := range now {
		d.Count, d.Sum = d.Count+1, d.Sum+wire.Hash("unit", u.Id, u.Revision)
	}
	p := &syncv1.PullResponse{Epoch: "e1", Cursor: cursor, Changes: changes}
	if d.Count > 0 {
		p.Digests = []*syncv1.Digest{d}
	}
	return p
}

func nothing(*cache.View) error { return nil }

func (d *desk) apply(p *syncv1.PullResponse, replay func(*cache.View) error) {
	d.t.Helper()
	if _, err := d.c.Apply(ctx, p, replay); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) names(name string, q *commonv1.Query) (names []string, info *commonv1.PageInfo, err error) {
	rows, info, err := d.lists[name].Source(ctx, q)
	for _, r := range rows {
		names = append(names, r.Name)
	}
	return names, info, err
}

func TestListsAreAnsweredHere(t *testing.T) {
	d := newDesk(t, t.TempDir(), noon)
	var all []*unitv1.Unit
	var changes []*syncv1.Change
	for n := range 5 {
		all = append(all, unit(n, int64(n+1)))
		if n == 4 {
			all[n].Division = "B"
		}
		changes = append(changes, change(all[n]))
	}
	foreign := unit(9, 1)
	foreign.SuperiorId = "somebody"
	all = append(all, foreign)
	d.apply(checkpoint(10, all, append(changes, change(foreign))...), nothing)
	names, info, err := d.names("below", &commonv1.Query{State: "A", Size: 3})
	if err != nil || strings.Join(names, " ") != "示例单位03 示例单位02 示例单位01" || info.Total != 4 || info.Next == "" {
		t.Fatal(names, info, err)
	}
	if names, _, _ = d.names("below", &commonv1.Query{State: "A", Size: 3, After: info.Next}); !slices.Equal(names, []string{"示例单位00"}) {
		t.Error("the second page:", names)
	}
	if names, info, _ = d.names("below", &commonv1.Query{Sort: "name", Filters: []*commonv1.Filter{{Column: "name", Value: "位0"}}}); len(names) != 5 || names[0] != "示例单位00" || len(info.Counts) != 2 {
		t.Error("sorted and searched:", names, info)
	}
	if d.asked > 0 {
		t.Error("the server was asked for what is here")
	}
	for _, f := range []string{"cache.db", "cache.db-wal"} {
		if b, err := os.ReadFile(filepath.Join(d.dir, f)); err == nil && bytes.Contains(b, []byte("保密地址")) {
			t.Errorf("%s holds a body in the clear", f)
		}
	}
}

func TestCheckpoints(t *testing.T) {
	d := newDesk(t, t.TempDir(), noon)
	one, two := unit(1, 1), unit(2, 1)
	// A page of a checkpoint that is not complete is not seen, and the pull goes on behind it.
	if err := d.c.Stage(ctx, &syncv1.PullResponse{Epoch: "e1", Cursor: 3, More: true, Reset_: true, Changes: []*syncv1.Change{change(one)}}); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := d.c.Get(ctx, "unit", one.Id); ok {
		t.Error("half a checkpoint is seen")
	}
	if names, _, err := d.names("below", &commonv1.Query{}); len(names) > 0 || err != nil || d.asked != 1 {
		t.Error("half a checkpoint is in a list:", names, err, d.asked)
	}
	if epoch, cursor, _, _ := d.c.Position(ctx); epoch != "e1" || cursor != 3 {
		t.Error(epoch, cursor)
	}
	d.apply(checkpoint(4, []*unitv1.Unit{one, two}, change(two)), nothing)
	if names, _, _ := d.names("below", &commonv1.Query{Sort: "name"}); len(names) != 2 {
		t.Error(names)
	}
	// The same once there is a mirror: what was seen is seen until the next checkpoint is complete.
	changed := unit(2, 2)
	changed.Name = "改过名"
	if err := d.c.Stage(ctx, &syncv1.PullResponse{Epoch: "e1", Cursor: 4, More: true, Changes: []*syncv1.Change{change(changed)}}); err != nil {
		t.Fatal(err)
	}
	if m, _, _ := d.c.Get(ctx, "unit", two.Id); m.(*unitv1.Unit).Name != two.Name {
		t.Error("half a checkpoint is seen:", m)
	}
	d.apply(checkpoint(4, []*unitv1.Unit{one, changed}), nothing)
	if m, _, _ := d.c.Get(ctx, "unit", two.Id); m.(*unitv1.Unit).Name != "改过名" {
		t.Error("what was staged is not seen:", m)
	}
	two = changed
	// A checkpoint after which the mirror is not what the server has leaves no trace.
	if _, err := d.c.Apply(ctx, checkpoint(5, []*unitv1.Unit{one, two, unit(3, 1)}), nothing); !errors.Is(err, cache.ErrDigest) {
		t.Error("a missing record was not noticed:", err)
	}
	if _, cursor, _, _ := d.c.Position(ctx); cursor != 4 {
		t.Error("the cursor is ahead of the data:", cursor)
	}
	// What is lost from sight goes, unless everybody sees it.
	shared := change(two)
	shared.Open = true
	gone := &syncv1.Change{Kind: "unit", Id: one.Id, Revision: 2, Gone: true}
	p := checkpoint(6, []*unitv1.Unit{two}, gone, shared)
	p.Digests = append(p.Digests, &syncv1.Digest{Kind: "unit", Open: true, Count: 1, Sum: wire.Hash("unit", two.Id, 2)})
	d.apply(p, nothing)
	p = checkpoint(7, nil, &syncv1.Change{Kind: "unit", Id: two.Id, Revision: 2, Gone: true})
	p.Digests = []*syncv1.Digest{{Kind: "unit", Open: true, Count: 1, Sum: wire.Hash("unit", two.Id, 2)}}
	d.apply(p, nothing)
	_, first, _ := d.c.Get(ctx, "unit", one.Id)
	_, second, _ := d.c.Get(ctx, "unit", two.Id)
	if names, _, _ := d.names("below", &commonv1.Query{}); first || !second || len(names) != 1 {
		t.Error("what was lost from sight:", first, second, names)
	}
	// A kind that this program does not know is kept for one that does.
	future := &syncv1.Change{Kind: "future", Id: "f1", Revision: 1, Body: []byte{0xff}}
	p = checkpoint(8, nil, future)
	p.Digests = []*syncv1.Digest{{Kind: "unit", Open: true, Count: 1, Sum: wire.Hash("unit", two.Id, 2)}, {Kind: "future", Count: 1, Sum: wire.Hash("future", "f1", 1)}}
	d.apply(p, nothing)
	// Another epoch begins anew.
	p = checkpoint(1, []*unitv1.Unit{unit(5, 1)}, change(unit(5, 1)))
	p.Reset_, p.Epoch = true, "e2"
	d.apply(p, nothing)
	if names, _, _ := d.names("below", &commonv1.Query{}); !slices.Equal(names, []string{"示例单位05"}) {
		t.Error(names)
	}
}

// What was done here lies over the mirror, in lists too, until a checkpoint contains it.
func TestOverlay(t *testing.T) {
	d := newDesk(t, t.TempDir(), noon)
	waiting := unit(1, 3)
	waiting.Registration = &reviewv1.Case{Matter: reviewv1.Matter_MATTER_UNIT, Stage: reviewv1.Stage_STAGE_REVIEW, Route: []*reviewv1.Node{{UnitId: "top", UnitName: "示例局"}}, Steps: []*reviewv1.Step{{Move: reviewv1.Move_MOVE_SUBMIT}}}
	d.apply(checkpoint(1, []*unitv1.Unit{waiting}, change(waiting)), nothing)
	approve := func(v *cache.View) error {
		return v.Do(7, noon.UnixMilli(), func(v *cache.View) error {
			return cache.Change(v, "unit", waiting.Id, func(u *unitv1.Unit) error {
				u.Name, u.Registration.Stage = "改过名", reviewv1.Stage_STAGE_APPROVED
				return nil
			})
		})
	}
	if _, err := d.c.Relay(ctx, approve); err != nil {
		t.Fatal(err)
	}
	if names, info, _ := d.names("review", &commonv1.Query{State: "TAB_PASSED"}); !slices.Equal(names, []string{"改过名"}) || len(info.Counts) != 1 {
		t.Error("what was done is not seen:", names, info)
	}
	m, _, _ := d.c.Get(ctx, "unit", waiting.Id)
	base, by, _, _ := d.c.Base(ctx, "unit", waiting.Id)
	if cache.Revision(m) != -7 || cache.Revision(base) != 3 || by != "示例局 经办人" {
		t.Error("my revision:", cache.Revision(m), "theirs:", cache.Revision(base), by)
	}
	d.apply(checkpoint(2, []*unitv1.Unit{waiting}), approve) // a checkpoint without it
	if names, _, _ := d.names("below", &commonv1.Query{}); !slices.Equal(names, []string{"改过名"}) {
		t.Error("a checkpoint that does not contain it took it away:", names)
	}
	d.apply(checkpoint(3, []*unitv1.Unit{waiting}), nothing) // it was refused
	if names, _, _ := d.names("review", &commonv1.Query{State: "TAB_FIRST"}); !slices.Equal(names, []string{"示例单位01"}) {
		t.Error("what was refused is still seen:", names)
	}
}

// Of a kind that is not whole here the server is asked; without it there is what is here, and it says so.
func TestPartOfAKind(t *testing.T) {
	d := newDesk(t, t.TempDir(), noon)
	todo, rest := unit(1, 1), unit(2, 1)
	d.apply(checkpoint(1, []*unitv1.Unit{todo, rest}, change(todo), &syncv1.Change{Kind: "unit", Id: rest.Id, Revision: 1}), nothing)
	d.rows = []*unitv1.Unit{todo, rest}
	if names, _, err := d.names("below", &commonv1.Query{}); len(names) != 2 || err != nil || d.asked != 1 {
		t.Fatal(names, err, d.asked)
	}
	d.away = true
	if names, _, err := d.names("below", &commonv1.Query{}); len(names) != 2 || err != nil {
		t.Error("what the server has answered was not kept:", names, err)
	}
	if err := d.c.Trim(ctx, 0); err != nil {
		t.Fatal(err)
	}
	d.apply(checkpoint(2, []*unitv1.Unit{todo, unit(2, 2)}, &syncv1.Change{Kind: "unit", Id: rest.Id, Revision: 2}), nothing)
	names, _, err := d.names("below", &commonv1.Query{})
	if fault.CodeOf(err) != fault.Offline || !strings.Contains(err.Error(), "03-02 12:00") || len(names) != 1 {
		t.Error("part of a kind does not say so:", names, err)
	}
}

func TestTheMirrorIsDisposable(t *testing.T) {
	one := unit(1, 1)
	fill := func(dir string) *desk {
		d := newDesk(t, dir, noon)
		d.apply(checkpoint(1, []*unitv1.Unit{one}, change(one)), nothing)
		if err := d.c.Close(); err != nil {
			t.Fatal(err)
		}
		return d
	}
	for name, x := range map[string]struct {
		harm func(dir string)
		now  time.Time
		kept bool
	}{
		"nothing":                {func(string) {}, noon.Add(29 * 24 * time.Hour), true},
		"thirty days unused":     {func(string) {}, noon.Add(31 * 24 * time.Hour), false},
		"a damaged file":         {func(dir string) { os.WriteFile(filepath.Join(dir, "cache.db"), bytes.Repeat([]byte("x"), 8192), 0o600) }, noon, false},
		"another key":            {func(dir string) { os.Remove(filepath.Join(dir, "key.json")) }, noon, false},
		"a clock set back years": {func(string) {}, noon.AddDate(-5, 0, 0), true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			fill(dir)
			x.harm(dir)
			d := newDesk(t, dir, x.now)
			if _, ok, err := d.c.Get(ctx, "unit", one.Id); ok != x.kept || err != nil {
				t.Errorf("kept: %v, want %v (%v)", ok, x.kept, err)
			}
		})
	}
}
