package page_test

import (
	"strings"
	"testing"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/fault"
	"zhiping/shared/page"
)

var words = page.Table[string]{
	States:  []string{"A", "B"},
	State:   func(s string) string { return s[:1] },
	Filters: map[string]func(string, string) bool{"text": strings.Contains},
}

func TestPages(t *testing.T) {
	all := []string{"A1", "B2", "A3", "A31", "B3"}
	for _, x := range []struct {
		q    *commonv1.Query
		want string
	}{
		{nil, "A1 B2 A3 A31 B3 of 5 then "},
		{&commonv1.Query{State: "A"}, "A1 A3 A31 of 3 then "},
		{&commonv1.Query{State: "A", Size: 2}, "A1 A3 of 3 then 2"},
		{&commonv1.Query{State: "A", Size: 2, After: "2"}, "A31 of 3 then "},
		{&commonv1.Query{After: "99"}, " of 5 then "},
		{&commonv1.Query{Filters: []*commonv1.Filter{{Column: "text", Value: "3"}}}, "A3 A31 B3 of 3 then "},
		{&commonv1.Query{Filters: []*commonv1.Filter{{Column: "text"}}}, "A1 B2 A3 A31 B3 of 5 then "},
	} {
		rows, info, err := words.Of(all, x.q)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(rows, " ") + " of " + string(rune('0'+info.Total)) + " then " + info.Next
		if got != x.want || len(info.Counts) != 2 || info.Counts[0].Count != 3 || info.Counts[1].Count != 2 {
			t.Errorf("%v: %s %v", x.q, got, info.Counts)
		}
	}
	for _, q := range []*commonv1.Query{{After: "-1"}, {After: "x"}, {Filters: []*commonv1.Filter{{Column: "other", Value: "3"}}}} {
		if _, _, err := words.Of(all, q); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%v: %v", q, err)
		}
	}
}
