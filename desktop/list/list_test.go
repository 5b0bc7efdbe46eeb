package list_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"zhiping/desktop/list"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
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
