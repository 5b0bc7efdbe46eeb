// Package list is every list of the desktop as data, and the model that a list page draws: query, rows, tabs with counts, selection. It
// knows no window.
package list

import (
	"context"
	"slices"
	"strconv"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
)

// A Column shows one value of a row.
type Column[M any] struct {
	Key   string // sorted by, "" for not
	Title string
	Width float32
	Text  func(M) string
}

// A Tab is a state with its name.
type Tab struct{ State, Title string }

// A Filter is an entry of the filter bar.
type Filter struct{ Column, Title string }

// A List declares one list.
type List[M any] struct {
	Name, Title, Scope string
	Tabs               []Tab
	Filters            []Filter
	Columns            []Column[M]
	ID                 func(M) string
	Empty              string // why it may be empty, and what to do
	Source             func(context.Context, *commonv1.Query) ([]M, *commonv1.PageInfo, error)
}

// Sizes are the page sizes that can be chosen.
var Sizes = []int32{10, 20, 50, 100}

// A Model is a list as it is shown.
type Model[M any] struct {
	List   *List[M]
	Query  *commonv1.Query
	Rows   []M
	Total  int64
	Counts map[string]int64
	Err    error
	Loaded bool

	chosen map[string]bool
	starts []string // where each page up to this one began
	next   string
}

// New returns a model on its first tab.
func New[M any](l *List[M]) *Model[M] {
	m := &Model[M]{List: l, Query: &commonv1.Query{Scope: l.Scope, Size: 20}, Counts: map[string]int64{}, chosen: map[string]bool{}}
	if len(l.Tabs) > 0 {
		m.Query.State = l.Tabs[0].State
	}
	m.first()
	return m
}

func (m *Model[M]) first() { m.starts, m.Query.After = []string{""}, "" }

// Fetch asks the source; Took puts the answer into the model. They are apart because the first may run beside the window.
func (m *Model[M]) Fetch(ctx context.Context) func() {
	q := &commonv1.Query{Scope: m.Query.Scope, State: m.Query.State, Filters: slices.Clone(m.Query.Filters), Sort: m.Query.Sort, Descending: m.Query.Descending, Size: m.Query.Size, After: m.Query.After}
	rows, page, err := m.List.Source(ctx, q)
	return func() {
		m.Loaded, m.Err = true, err
		if err != nil {
			return // what is on the screen stays
		}
		m.Rows, m.Total, m.next = rows, page.GetTotal(), page.GetNext()
		m.Counts = map[string]int64{}
		for _, c := range page.GetCounts() {
			m.Counts[c.State] = c.Count
		}
	}
}

// Choose chooses a tab.
func (m *Model[M]) Choose(state string) {
	m.Query.State = state
	m.Clear()
	m.first()
}

// Filter sets the filters from the bar: values by column.
func (m *Model[M]) Filter(values map[string]string) {
	m.Query.Filters = nil
	for _, f := range m.List.Filters {
		if v := values[f.Column]; v != "" {
			m.Query.Filters = append(m.Query.Filters, &commonv1.Filter{Column: f.Column, Value: v})
		}
	}
	m.Clear()
	m.first()
}

// SortBy sorts by a column, the other way round when it is sorted by it already.
func (m *Model[M]) SortBy(key string) {
	if key == "" {
		return
	}
	m.Query.Descending = m.Query.Sort == key && !m.Query.Descending
	m.Query.Sort = key
	m.first()
}

// Resize sets the page size.
func (m *Model[M]) Resize(n int32) {
	m.Query.Size = n
	m.first()
}

// Page is the number of the page, from 1.
func (m *Model[M]) Page() int { return len(m.starts) }

// HasNext and HasLast say whether there is a page after and before this one.
func (m *Model[M]) HasNext() bool { return m.next != "" }

// HasLast says whether there is a page before this one.
func (m *Model[M]) HasLast() bool { return len(m.starts) > 1 }

// Next turns to the next page.
func (m *Model[M]) Next() {
	if m.next != "" {
		m.starts = append(m.starts, m.next)
		m.Query.After = m.next
	}
}

// Last turns to the page before.
func (m *Model[M]) Last() {
	if len(m.starts) > 1 {
		m.starts = m.starts[:len(m.starts)-1]
		m.Query.After = m.starts[len(m.starts)-1]
	}
}

// Toggle chooses a row or lets go of it.
func (m *Model[M]) Toggle(row M) {
	id := m.List.ID(row)
	if m.chosen[id] {
		delete(m.chosen, id)
		return
	}
	m.chosen[id] = true
}

// Chosen reports whether a row is chosen.
func (m *Model[M]) Chosen(row M) bool { return m.chosen[m.List.ID(row)] }

// Selection returns the chosen rows of this page, in order.
func (m *Model[M]) Selection() []M {
	var all []M
	for _, r := range m.Rows {
		if m.Chosen(r) {
			all = append(all, r)
		}
	}
	return all
}

// All chooses every row of the page, or none if all are chosen.
func (m *Model[M]) All() {
	if len(m.Selection()) == len(m.Rows) {
		m.Clear()
		return
	}
	for _, r := range m.Rows {
		m.chosen[m.List.ID(r)] = true
	}
}

// Clear lets go of every row.
func (m *Model[M]) Clear() { m.chosen = map[string]bool{} }

// TabTitle is a tab's name with its count.
func (m *Model[M]) TabTitle(t Tab) string {
	if n := m.Counts[t.State]; t.State != "" {
		return t.Title + " " + strconv.FormatInt(n, 10)
	}
	return t.Title
}
