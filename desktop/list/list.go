// Package list is every list of the desktop as data, and the model that a list page draws: query, rows, tabs with counts, selection. It
// knows no window.
package list

import (
	"context"
	"strconv"

	"google.golang.org/protobuf/proto"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/field"
	"zhiping/shared/review"
)

// A Column shows one value of a row.
type Column[M any] struct {
	Key   string // sorted by, "" for not
	Title string
	Width float32 // at a text size of 100 %
	Text  func(M) string
	Whole func(M) string // without masking, for who has the right to export it; nil where Text masks nothing
	Fixed bool           // stays when the list is scrolled sideways; only the first columns can
}

// Declared is the column of a declared field: title, code lists and masking come from its declaration (fields.md).
func Declared[M proto.Message](name string, width float32) Column[M] {
	var m M
	f := field.Named(m, name)[0]
	c := Column[M]{Title: f.GetLabel(), Width: width, Text: func(m M) string { return f.Masked(m) }}
	if f.GetPersonal() != commonv1.Personal_PERSONAL_UNSPECIFIED && f.GetPersonal() != commonv1.Personal_PERSONAL_HIDDEN {
		c.Whole = func(m M) string { return f.Text(m) }
	}
	return c
}

// By returns the column with the key that it is sorted by.
func (c Column[M]) By(key string) Column[M] {
	c.Key = key
	return c
}

// A Tab is a state with its name.
type Tab struct{ State, Title string }

// A Filter is an entry of the filter bar; with choices it is a drop-down.
type Filter struct {
	Column, Title string
	Choices       []Choice
}

// A Choice is one value of a filter.
type Choice struct{ Value, Title string }

// A List declares one list.
type List[M any] struct {
	Name, Title, Scope string
	Tabs               []Tab
	Filters            []Filter
	Columns            []Column[M]
	ID                 func(M) string
	Empty              string // why it may be empty, and what to do
	Verb               string // what the link that opens a row says; "" is 查看
	Source             Source[M]
	Mirror             *Mirror[M]  // nil for a list that is only asked of the server
	Quick              func() bool // whether a search is answered on this machine, so that it can follow the typing; nil is never
	ToDo               []Tab       // the states in which something is to be done, as the first page says it (B3)
}

// Worded is a query with the words of drop-downs in place of the values that the server knows them by: the mirror searches what is shown.
func (l *List[M]) Worded(q *commonv1.Query) *commonv1.Query {
	out := proto.CloneOf(q)
	for _, f := range out.GetFilters() {
		for _, d := range l.Filters {
			for _, c := range d.Choices {
				if d.Column == f.Column && c.Value == f.Value {
					f.Value = c.Title
				}
			}
		}
	}
	return out
}

// Choices are the values of a declared enum field as a drop-down offers them.
func Choices[M proto.Message](name string) []Choice {
	var m M
	var all []Choice
	for _, c := range field.Named(m, name)[0].Choices {
		all = append(all, Choice{Value: strconv.Itoa(int(c.Value)), Title: c.Label})
	}
	return all
}

// Waiting are the to-dos of a list of reviews.
var Waiting = []Tab{{State: "TAB_FIRST", Title: "待审核"}, {State: "TAB_FURTHER", Title: "待复审"}, {State: "TAB_AGAIN", Title: "上级退回，待重审"}}

// A Mirror says how a list is answered from the records on this machine.
type Mirror[M any] struct {
	Kind string // of the records
	// State is the tab a record stands under for a unit; false if it is not in the list.
	State func(m M, unit string) (string, bool)
	// Part names the column by which the list is one of parts, such as the pool of one committee, and Of tells a record's; "" for a list that is
	// always whole. The numbers on the tabs are of the part alone.
	Part string
	Of   func(M) string
}

// PartOf is the part of the list that a record is of.
func (m *Mirror[M]) PartOf(row M) string {
	if m.Part == "" {
		return ""
	}
	return m.Of(row)
}

// Searched reports whether the list is filtered by a part of a column's text, its pinyin or initials: by an entry, not a drop-down.
func (l *List[M]) Searched(column string) bool {
	for _, f := range l.Filters {
		if f.Column == column {
			return len(f.Choices) == 0
		}
	}
	return false
}

// Owned is the mirror of the records of a kind that belong to a unit, under their own states.
func Owned[M any](kind string, owner, state func(M) string) *Mirror[M] {
	return &Mirror[M]{Kind: kind, State: func(m M, unit string) (string, bool) { return state(m), owner(m) == unit }}
}

// Reviewed is the mirror of the cases of a matter that lie or lay before a unit, under the tabs of its review.
func Reviewed[M any](kind string, reviewed func(M) *reviewv1.Case) *Mirror[M] {
	return &Mirror[M]{Kind: kind, State: func(m M, unit string) (string, bool) {
		for _, s := range review.Seats(reviewed(m)) {
			if s.UnitID == unit {
				return s.Tab.String(), true
			}
		}
		return "", false
	}}
}

// A Source answers a query. Rows together with an error are shown with the error above them: what the cache knows while the server cannot
// be reached.
type Source[M any] = func(context.Context, *commonv1.Query) ([]M, *commonv1.PageInfo, error)

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
	Loaded bool // the source has answered at least once
	Busy   bool // an answer is awaited

	part   *commonv1.Filter // what the list is narrowed to, whatever the filter bar says
	asked  int              // the number of the newest question; answers to older ones are dropped
	kept   []M              // the chosen rows of all pages, in the order in which they were chosen
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

// Begin asks for the page of the query as it is now. It must be called on the window's goroutine, what it returns may run beside it, and what
// that returns puts the answer into the model, on the window's goroutine again. Only the newest question counts: who changes tabs quickly
// must not see the rows of the tab before.
func (m *Model[M]) Begin(ctx context.Context) func() func() {
	m.asked++
	m.Busy = true
	mine, q := m.asked, proto.CloneOf(m.Query)
	return func() func() {
		rows, page, err := m.List.Source(ctx, q)
		return func() {
			if mine == m.asked {
				m.take(rows, page, err)
			}
		}
	}
}

func (m *Model[M]) take(rows []M, page *commonv1.PageInfo, err error) {
	m.Busy, m.Loaded, m.Err = false, true, err
	if err != nil && page == nil {
		return // what is on the screen stays
	}
	m.Rows, m.Total, m.next = rows, page.GetTotal(), page.GetNext()
	m.Counts = map[string]int64{}
	for _, c := range page.GetCounts() {
		m.Counts[c.State] = c.Count
	}
	for i, old := range m.kept { // a chosen row is acted on as it is now
		for _, r := range rows {
			if m.List.ID(r) == m.List.ID(old) {
				m.kept[i] = r
			}
		}
	}
}

// Fetch is Begin and its answer at once, for what does not wait.
func (m *Model[M]) Fetch(ctx context.Context) func() { return m.Begin(ctx)() }

// Choose chooses a tab.
func (m *Model[M]) Choose(state string) {
	m.Query.State = state
	m.Clear()
	m.first()
}

// Filter sets the filters from the bar: values by column.
func (m *Model[M]) Filter(values map[string]string) {
	m.Query.Filters = nil
	if m.part != nil {
		m.Query.Filters = append(m.Query.Filters, m.part)
	}
	for _, f := range m.List.Filters {
		if v := values[f.Column]; v != "" {
			m.Query.Filters = append(m.Query.Filters, &commonv1.Filter{Column: f.Column, Value: v})
		}
	}
	m.Clear()
	m.first()
}

// Narrow shows one part of the list only, as the pool of one committee.
func (m *Model[M]) Narrow(column, value string) {
	m.part = &commonv1.Filter{Column: column, Value: value}
	m.Filter(nil)
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
	if !m.chosen[id] {
		m.chosen[id] = true
		m.kept = append(m.kept, row)
		return
	}
	delete(m.chosen, id)
	for i, r := range m.kept {
		if m.List.ID(r) == id {
			m.kept = append(m.kept[:i], m.kept[i+1:]...)
			return
		}
	}
}

// Chosen reports whether a row is chosen.
func (m *Model[M]) Chosen(row M) bool { return m.chosen[m.List.ID(row)] }

// Selection returns the chosen rows, also those of other pages of this query, in the order in which they were chosen.
func (m *Model[M]) Selection() []M { return append([]M(nil), m.kept...) }

// AllChosen reports whether every row of the page is chosen.
func (m *Model[M]) AllChosen() bool {
	for _, r := range m.Rows {
		if !m.Chosen(r) {
			return false
		}
	}
	return len(m.Rows) > 0
}

// All chooses every row of the page, or lets go of them if all are chosen.
func (m *Model[M]) All() {
	all := m.AllChosen()
	for _, r := range m.Rows {
		if m.Chosen(r) == all {
			m.Toggle(r)
		}
	}
}

// Clear lets go of every row.
func (m *Model[M]) Clear() { m.chosen, m.kept = map[string]bool{}, nil }

// Beside returns the row that is by rows further in the page than the one with this id; false at the ends.
func (m *Model[M]) Beside(id string, by int) (row M, ok bool) {
	for i, r := range m.Rows {
		if m.List.ID(r) == id && i+by >= 0 && i+by < len(m.Rows) {
			return m.Rows[i+by], true
		}
	}
	return row, false
}

// Day is month and day of an instant's text, "03-02" of "2026-03-02 09:00"; a shorter text stays as it is.
func Day(instant string) string {
	if len(instant) < len("2026-03-02") {
		return instant
	}
	return instant[5:10]
}

// Note says why there is nothing to see, "" when there is something.
func (m *Model[M]) Note() string {
	switch {
	case len(m.Rows) > 0:
		return ""
	case m.Err != nil:
		return m.Err.Error()
	case !m.Loaded:
		return "正在加载……"
	case len(m.Query.Filters) > 1 || len(m.Query.Filters) == 1 && m.part == nil:
		return "没有符合查询条件的记录。请修改条件，或点“重置”查看全部。"
	}
	return m.List.Empty
}

// Warning is the error that stands above rows which are still shown, "" for none.
func (m *Model[M]) Warning() string {
	if m.Err == nil || len(m.Rows) == 0 {
		return ""
	}
	return m.Err.Error()
}

// TabTitle is a tab's name with its count.
func (m *Model[M]) TabTitle(t Tab) string {
	if n := m.Counts[t.State]; t.State != "" {
		return t.Title + " " + strconv.FormatInt(n, 10)
	}
	return t.Title
}
