package list

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"google.golang.org/protobuf/proto"
)

// mostRows is the largest page that can be asked for.
const mostRows = 200

// Walk asks for every row of the query as the list shows it, page by page from the first on; total is how many the source says there are. Rows
// together with an error - a part of the list that the mirror knows - are an error: a part is not the whole.
func (m *Model[M]) Walk(ctx context.Context) (total int, rows iter.Seq2[M, error], err error) {
	q := proto.CloneOf(m.Query)
	q.After, q.Size = "", mostRows
	page, info, err := m.List.Source(ctx, q)
	if err != nil {
		return 0, nil, err
	}
	return int(info.GetTotal()), func(yield func(M, error) bool) {
		var none M
		for {
			for _, r := range page {
				if !yield(r, nil) {
					return
				}
			}
			if info.GetNext() == "" {
				return
			}
			q.After = info.GetNext()
			if page, info, err = m.List.Source(ctx, q); err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(none, err)
				return
			}
		}
	}, nil
}

// Terms say in words which rows the list shows: the tab, then the conditions. "" is everything.
func (m *Model[M]) Terms() string {
	var all []string
	for _, t := range m.List.Tabs {
		if t.State == m.Query.State && t.State != "" {
			all = append(all, t.Title)
		}
	}
	for _, f := range m.List.Filters {
		for _, set := range m.Query.Filters {
			if set.Column != f.Column {
				continue
			}
			value := fmt.Sprintf("%s含“%s”", f.Title, set.Value)
			for _, c := range f.Choices {
				if c.Value == set.Value {
					value = f.Title + "为“" + c.Title + "”"
				}
			}
			all = append(all, value)
		}
	}
	return strings.Join(all, "；")
}

// Masks reports whether a column hides something that can be exported whole.
func (l *List[M]) Masks() bool {
	for _, c := range l.Columns {
		if c.Whole != nil {
			return true
		}
	}
	return false
}
