package list_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"zhiping/desktop/list"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
)

// source pages through numbers; it remembers what was asked.
type source struct {
	n     int
	asked *commonv1.Query
	err   error
}

func (s *source) page(_ context.Context, q *commonv1.Query) ([]int, *commonv1.PageInfo, error) {
	s.asked = q
	if s.err != nil {
		return nil, nil, s.err
	}
	from := 0
	fmt.Sscan(q.After, &from)
	var rows []int
	for i := from; i < min(from+int(q.Size), s.n); i++ {
		rows = append(rows, i)
	}
	info := &commonv1.PageInfo{Total: int64(s.n), Counts: []*commonv1.StateCount{{State: "A", Count: 7}}}
	if from+int(q.Size) < s.n {
		info.Next = fmt.Sprint(from + int(q.Size))
	}
	return rows, info, nil
}

func model(s *source) *list.Model[int] {
	return list.New(&list.List[int]{
		Scope: "own", Tabs: []list.Tab{{State: "A", Title: "待审核"}, {Title: "全部"}}, Filters: []list.Filter{{Column: "name", Title: "姓名"}},
		ID: func(i int) string { return fmt.Sprint(i) }, Source: s.page,
	})
}

// texts joins what a person would see beside the rows.
func texts(m *list.Model[int]) string { return m.Note() + "|" + m.Warning() }

func load(m *list.Model[int]) { m.Fetch(context.Background())() }

func TestPages(t *testing.T) {
	m := model(&source{n: 45})
	load(m)
	if len(m.Rows) != 20 || m.Total != 45 || m.HasLast() || !m.HasNext() || m.TabTitle(m.List.Tabs[0]) != "待审核 7" {
		t.Fatal(m)
	}
	m.Next()
	load(m)
	m.Next()
	load(m)
	if m.Page() != 3 || m.Rows[0] != 40 || m.HasNext() {
		t.Fatal(m.Page(), m.Rows)
	}
	m.Last()
	load(m)
	if m.Page() != 2 || m.Rows[0] != 20 {
		t.Fatal(m.Page(), m.Rows)
	}
}

func TestFilterGoesBackToTheFirstPage(t *testing.T) {
	s := &source{n: 45}
	m := model(s)
	load(m)
	m.Next()
	m.Filter(map[string]string{"name": "甲", "other": "x"})
	load(m)
	if m.Page() != 1 || len(s.asked.Filters) != 1 || s.asked.Filters[0].Value != "甲" || s.asked.State != "A" {
		t.Fatal(s.asked)
	}
}

func TestSort(t *testing.T) {
	m := model(&source{n: 1})
	m.SortBy("name")
	m.SortBy("name")
	if m.Query.Sort != "name" || !m.Query.Descending {
		t.Fatal(m.Query)
	}
	m.SortBy("")
	if m.Query.Sort != "name" {
		t.Fatal("a column that cannot be sorted by was")
	}
}

func TestSelection(t *testing.T) {
	m := model(&source{n: 3})
	load(m)
	m.Toggle(1)
	if got := m.Selection(); len(got) != 1 || got[0] != 1 {
		t.Fatal(got)
	}
	m.All()
	if len(m.Selection()) != 3 {
		t.Fatal(m.Selection())
	}
	m.All()
	if len(m.Selection()) != 0 {
		t.Fatal(m.Selection())
	}
	m.Toggle(2)
	if m.AllChosen() || !m.Chosen(2) {
		t.Fatal(m.Selection())
	}
	m.Choose("")
	if len(m.Selection()) != 0 {
		t.Fatal("a choice outlived its tab")
	}
}

func TestAnErrorKeepsWhatIsShown(t *testing.T) {
	s := &source{n: 3}
	m := model(s)
	load(m)
	s.err = errors.New("offline")
	load(m)
	if m.Err == nil || len(m.Rows) != 3 {
		t.Fatal(m)
	}
}

func TestTheSelectionOutlivesThePage(t *testing.T) {
	m := model(&source{n: 45})
	load(m)
	m.Toggle(3)
	m.Next()
	load(m)
	m.Toggle(25)
	if got := m.Selection(); !slices.Equal(got, []int{3, 25}) {
		t.Fatal(got)
	}
	m.All()
	if got := m.Selection(); len(got) != 21 || !m.AllChosen() {
		t.Fatal(got)
	}
	m.All()
	if got := m.Selection(); !slices.Equal(got, []int{3}) {
		t.Fatal("letting go of a page let go of another's rows", got)
	}
}

// A person who goes from tab to tab faster than the server answers sees the rows of the last one.
func TestAnOlderAnswerIsDropped(t *testing.T) {
	s := &source{n: 5}
	m := model(s)
	slow := m.Begin(context.Background())()
	m.Choose("")
	s.n = 2
	fast := m.Begin(context.Background())()
	fast()
	slow()
	if len(m.Rows) != 2 || m.Busy {
		t.Fatal(m.Rows)
	}
}

func TestNotes(t *testing.T) {
	s := &source{}
	m := model(s)
	m.List.Empty = "还没有记录。"
	check := func(want string) {
		t.Helper()
		if got := texts(m); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	check("正在加载……|")
	load(m)
	check("还没有记录。|")
	m.Filter(map[string]string{"name": "甲"})
	load(m)
	check("没有符合查询条件的记录。请修改条件，或点“重置”查看全部。|")
	s.err = errors.New("服务器连接不上")
	load(m)
	check("服务器连接不上|")
	s.err, s.n = nil, 3
	load(m)
	check("|")
	s.err = errors.New("服务器连接不上")
	load(m)
	check("|服务器连接不上")
}

func TestRowsWithAnErrorAreShown(t *testing.T) {
	m := model(nil)
	m.List.Source = func(context.Context, *commonv1.Query) ([]int, *commonv1.PageInfo, error) {
		return []int{7}, &commonv1.PageInfo{Total: 1}, errors.New("本机保存的数据")
	}
	load(m)
	if len(m.Rows) != 1 || m.Total != 1 || m.Warning() != "本机保存的数据" {
		t.Fatal(m)
	}
}

func TestBeside(t *testing.T) {
	m := model(&source{n: 3})
	load(m)
	for _, c := range []struct {
		id   string
		by   int
		want int
		ok   bool
	}{{"0", 1, 1, true}, {"2", 1, 0, false}, {"0", -1, 0, false}, {"2", -1, 1, true}, {"9", 1, 0, false}} {
		if got, ok := m.Beside(c.id, c.by); got != c.want || ok != c.ok {
			t.Errorf("beside %s by %d: %d, %v", c.id, c.by, got, ok)
		}
	}
}

func TestADeclaredColumn(t *testing.T) {
	u := &unitv1.Unit{Division: "511083", Phone: "13800000000"}
	for name, want := range map[string][2]string{unitv1.Unit_Division: {"职称业务归属地", "隆昌市"}, unitv1.Unit_Phone: {"联系电话", "138****0000"}} {
		c := list.Declared[*unitv1.Unit](name, 100).By("k")
		if c.Title != want[0] || c.Text(u) != want[1] || c.Key != "k" {
			t.Errorf("%s: %s %s", name, c.Title, c.Text(u))
		}
	}
}
