package cache

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"zhiping/desktop/list"
	"zhiping/desktop/vault"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	syncv1 "zhiping/proto/gen/zhiping/sync/v1"
	"zhiping/shared/wire"
)

type experts = list.List[*expertv1.Expert]

// full is a mirror with n experts in two pools, and their list.
func full(t testing.TB, n int) (*Cache, *experts) {
	t.Helper()
	dir := t.TempDir()
	v, err := vault.Open(dir, "clerk", "password-1", true, vault.None{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(context.Background(), dir, v, "unit", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	l := Add(c, &experts{
		Name: "pool", ID: (*expertv1.Expert).GetId, Filters: []list.Filter{{Column: "name"}, {Column: "work_unit"}},
		Columns: []list.Column[*expertv1.Expert]{{Key: "name", Text: (*expertv1.Expert).GetName}, {Key: "work_unit", Text: (*expertv1.Expert).GetWorkUnit}},
		Mirror: &list.Mirror[*expertv1.Expert]{Kind: "expert", Part: "committee_id", Of: (*expertv1.Expert).GetCommitteeId, State: func(*expertv1.Expert, string) (string, bool) {
			return "DRAFT", true
		}},
	})
	apply(t, c, 1, n, nil)
	return c, l
}

var (
	family = []rune("赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨单曾仇解")
	given  = []rune("子虚乌有甲乙丙丁戊己庚辛壬癸初一十五示例")
)

// invented is the nth expert.
func invented(n int) *expertv1.Expert {
	name := string([]rune{family[n%len(family)], given[n/20%len(given)], given[n/400%len(given)]})
	return &expertv1.Expert{Id: fmt.Sprintf("e%05d", n), Revision: 1, Name: name, CommitteeId: fmt.Sprintf("c%d", n%2), WorkUnit: fmt.Sprintf("虚构设计院第%d所", n%50)}
}

// apply brings the first n experts in as a checkpoint, or takes some out of it.
func apply(t testing.TB, c *Cache, cursor int64, n int, gone []string) {
	t.Helper()
	p := &syncv1.PullResponse{Epoch: "e", Cursor: cursor}
	sum := int64(0)
	if gone == nil {
		for i := range n {
			e := invented(i)
			b, err := proto.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			p.Changes = append(p.Changes, &syncv1.Change{Kind: "expert", Id: e.Id, Revision: 1, At: int64(i), Body: b})
		}
	}
	out := map[string]bool{}
	for _, id := range gone {
		out[id] = true
		p.Changes = append(p.Changes, &syncv1.Change{Kind: "expert", Id: id, Revision: 1, Gone: true})
	}
	left := int64(0)
	for i := range n {
		if e := invented(i); !out[e.Id] {
			sum += wire.Hash("expert", e.Id, 1)
			left++
		}
	}
	p.Digests = []*syncv1.Digest{{Kind: "expert", Count: left, Sum: sum}}
	if _, err := c.Apply(context.Background(), p, func(*View) error { return nil }); err != nil {
		t.Fatal(err)
	}
}

func search(t testing.TB, l *experts, part, column, typed string) ([]*expertv1.Expert, *commonv1.PageInfo) {
	t.Helper()
	rows, info, err := l.Source(context.Background(), &commonv1.Query{State: "DRAFT", Size: 20, Filters: []*commonv1.Filter{{Column: "committee_id", Value: part}, {Column: column, Value: typed}}})
	if err != nil {
		t.Fatal(err)
	}
	return rows, info
}

func TestSearch(t *testing.T) {
	c, l := full(t, 800)
	for _, x := range []struct {
		part, column, typed string
		want                func(*expertv1.Expert) bool
	}{
		{"c0", "name", "赵", func(e *expertv1.Expert) bool { return strings.Contains(e.Name, "赵") }},
		{"c0", "name", "子", func(e *expertv1.Expert) bool { return strings.Contains(e.Name, "子") }},
		{"c0", "name", "ZHAO", func(e *expertv1.Expert) bool { return strings.HasPrefix(e.Name, "赵") }},
		{"c0", "name", "sunzi", func(e *expertv1.Expert) bool { return strings.HasPrefix(e.Name, "孙子") }},
		{"c0", "name", "shan", func(e *expertv1.Expert) bool { return strings.HasPrefix(e.Name, "单") }},
		{"c0", "name", "查无此人", func(*expertv1.Expert) bool { return false }},
		{"c0", "work_unit", "第10所", func(e *expertv1.Expert) bool { return e.WorkUnit == "虚构设计院第10所" }},
	} {
		n := int64(0)
		for i := range 800 {
			if e := invented(i); e.CommitteeId == x.part && x.want(e) {
				n++
			}
		}
		rows, info := search(t, l, x.part, x.column, x.typed)
		if info.Total != n || int64(len(rows)) != min(n, 20) {
			t.Errorf("%q finds %d, want %d", x.typed, info.Total, n)
		}
		for _, e := range rows {
			if !x.want(e) || e.CommitteeId != x.part {
				t.Errorf("%q finds %s of %s", x.typed, e.Name, e.CommitteeId)
			}
		}
		if len(info.Counts) != 1 || info.Counts[0].Count != 400 {
			t.Errorf("the tabs count more than the pool: %v", info.Counts)
		}
	}
	// Whose record is gone is not found by his name, and after the next start not even known.
	var gone []string
	for i := range 800 {
		if e := invented(i); strings.HasPrefix(e.Name, "赵") {
			gone = append(gone, e.Id)
		}
	}
	apply(t, c, 2, 800, gone)
	if _, info := search(t, l, "c0", "name", "zhao"); info.Total != 0 {
		t.Error("found:", info.Total)
	}
	if err := c.Fill(context.Background()); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := c.db.Raw().QueryRow("SELECT COUNT(*) FROM term WHERE term LIKE 'zhao%'").Scan(&left); err != nil || left != 0 {
		t.Error("terms are left:", left, err)
	}
}

// A search finds its texts, and their entries, by an index: no walk through everybody.
func TestSearchPlan(t *testing.T) {
	c, l := full(t, 10)
	_, where := narrowed(l, map[string]int{"name": 0, "work_unit": 1}, &commonv1.Query{State: "DRAFT", Filters: []*commonv1.Filter{{Column: "committee_id", Value: "c0"}, {Column: "name", Value: "zhao"}}})
	args := make([]any, len(where.args))
	text := where.text
	for i, a := range where.args {
		args[i] = a
		text = strings.ReplaceAll(text, fmt.Sprintf("$%d", i+1), fmt.Sprintf("?%d", i+1))
	}
	rows, err := c.db.Raw().Query("EXPLAIN QUERY PLAN SELECT COUNT(*) FROM "+where.from+" WHERE "+text, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	plan := ""
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan += detail + "\n"
	}
	if !strings.Contains(plan, "entry_c0 (list=? AND c0=?)") || !strings.Contains(plan, "term USING PRIMARY KEY (term>? AND term<?)") || strings.Contains(plan, "SCAN entry") {
		t.Error(plan)
	}
}

// BenchmarkSearch is one keystroke among 30,000 experts, and how it stands to looking through all names (50 ms is the orientation).
func BenchmarkSearch(b *testing.B) {
	c, l := full(b, 30000)
	typed := []string{"zh", "zhao", "赵", "zzx", "子虚", "wang"}
	i := 0
	for b.Loop() {
		search(b, l, "c0", "name", typed[i%len(typed)])
		i++
	}
	each := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	start := time.Now()
	const times = 20
	for range times {
		var n int
		if err := c.db.Raw().QueryRow("SELECT COUNT(*) FROM entry WHERE list = 'pool' AND part = 'c0' AND c0 LIKE '%赵%'").Scan(&n); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(each/1e6, "ms/keystroke")
	b.ReportMetric(each/(float64(time.Since(start).Nanoseconds())/times), "of-a-scan")
}
