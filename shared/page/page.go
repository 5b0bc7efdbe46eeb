// Package page answers the queries of lists that are worked out from a few records rather than stored: state tabs, filters and pages, as the
// lists of package record answer them.
package page

import (
	"slices"
	"strconv"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/fault"
)

// A Table declares such a list.
type Table[M any] struct {
	States []string       // of the tabs
	State  func(M) string // that a row stands under
	// Filters say by column whether a row is one that a value looks for.
	Filters map[string]func(row M, value string) bool
}

// defaultSize is how many rows a page has when the query does not say.
const defaultSize = 50

// Of returns one page of all rows, which keep their order. A filter that is not declared, and a place that is none, is an Invalid fault.
func (t *Table[M]) Of(all []M, q *commonv1.Query) ([]M, *commonv1.PageInfo, error) {
	for _, f := range q.GetFilters() {
		if t.Filters[f.Column] == nil {
			return nil, nil, fault.New(fault.Invalid, "列表不能按“%s”筛选，请重置筛选条件", f.Column).At("query.filters")
		}
	}
	counts := map[string]int64{}
	var found []M
	for _, row := range all {
		state := t.State(row)
		counts[state]++
		if (q.GetState() == "" || q.GetState() == state) && t.matches(row, q.GetFilters()) {
			found = append(found, row)
		}
	}
	info := &commonv1.PageInfo{Total: int64(len(found))}
	for _, s := range t.States {
		info.Counts = append(info.Counts, &commonv1.StateCount{State: s, Count: counts[s]})
	}
	from, size := 0, defaultSize
	if q.GetSize() > 0 {
		size = int(q.Size)
	}
	if q.GetAfter() != "" {
		var err error
		if from, err = strconv.Atoi(q.After); err != nil || from < 0 {
			return nil, nil, fault.New(fault.Invalid, "翻页位置已失效，请回到第一页").At("query.after")
		}
	}
	from = min(from, len(found))
	to := min(from+size, len(found))
	if to < len(found) {
		info.Next = strconv.Itoa(to)
	}
	return slices.Clip(found[from:to]), info, nil
}

func (t *Table[M]) matches(row M, filters []*commonv1.Filter) bool {
	for _, f := range filters {
		if f.Value != "" && !t.Filters[f.Column](row, f.Value) {
			return false
		}
	}
	return true
}
