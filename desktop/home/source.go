package home

import (
	"context"

	"zhiping/desktop/cache"
	"zhiping/desktop/list"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	homev1 "zhiping/proto/gen/zhiping/home/v1"
	"zhiping/proto/gen/zhiping/home/v1/homev1connect"
)

// A Source is a list that can have something to do in it, or something else that can.
type Source struct {
	Group, Title string
	Kind         string // of its records
	List, Scope  string // of the list, as the mirror and the server know it
	States       []list.Tab
	// Counts gives how many there are under each state, where that is no list of records; nil for one.
	Counts func(context.Context) (map[string]int64, error)
	// Open opens it on a state.
	Open func(state string)
}

// Of makes a source of a list that declares what is to be done in it, none of one that does not.
func Of[M any](l *list.List[M], open func(state string)) []Source {
	if len(l.ToDo) == 0 {
		return nil
	}
	s := Source{Title: l.Title, List: l.Name, Scope: l.Scope, States: l.ToDo, Open: open}
	if l.Mirror != nil {
		s.Kind = l.Mirror.Kind
		return []Source{s}
	}
	s.Counts = func(ctx context.Context) (map[string]int64, error) { // only asked of the server
		_, page, err := l.Source(ctx, &commonv1.Query{Scope: l.Scope, Size: 1})
		counts := map[string]int64{}
		for _, c := range page.GetCounts() {
			counts[c.State] = c.Count
		}
		return counts, err
	}
	return []Source{s}
}

// A Count gives the numbers of all sources that are lists of records, by their position. Numbers together with an error are what is known here
// while the server cannot be reached.
type Count func(context.Context, []Source) ([]map[string]int64, error)

// Counter counts in the mirror, in one statement; only where it has not every record of a list - a province's applications, or before the
// first pull is complete - the server's counters are asked, in one call for all. What a list counts here it counts with what has been done on
// this machine and is not sent yet.
func Counter(mirror *cache.Cache, c homev1connect.HomeServiceClient) Count {
	return func(ctx context.Context, sources []Source) ([]map[string]int64, error) {
		asked := make([]cache.Count, len(sources))
		for i, s := range sources {
			asked[i] = cache.Count{List: s.List, Kind: s.Kind}
			for _, t := range s.States {
				asked[i].States = append(asked[i].States, t.State)
			}
		}
		counts, whole, err := mirror.Counts(ctx, asked)
		if err != nil {
			return nil, err
		}
		var numbers map[[3]string]int64
		for i, s := range sources {
			if whole[i] {
				continue
			}
			if numbers == nil {
				if numbers, err = ask(ctx, c); err != nil {
					return counts, err
				}
			}
			for _, t := range s.States {
				counts[i][t.State] = numbers[[3]string{s.Kind, s.Scope, t.State}]
			}
		}
		return counts, nil
	}
}

// ask gets the server's counters by kind, scope and state.
func ask(ctx context.Context, c homev1connect.HomeServiceClient) (map[[3]string]int64, error) {
	resp, err := c.CountWork(ctx, &homev1.CountWorkRequest{})
	if err != nil {
		return nil, err
	}
	all := map[[3]string]int64{}
	for _, x := range resp.Counts {
		all[[3]string{x.Kind, x.Scope, x.State}] = x.Count
	}
	return all, nil
}

// News is a list of which the newest rows stand on the first page (B2).
type News struct {
	Title string
	Kind  string
	// Newest gives the newest rows.
	Newest func(context.Context) ([]Line, error)
}

// A Line is one row of the news.
type Line struct {
	Text string
	Open func()
}

// newest is how many rows of news are shown.
const newest = 5

// NewsOf makes news of a list; text says a row in one line.
func NewsOf[M any](l *list.List[M], text func(M) string, open func(M)) News {
	n := News{Title: l.Title}
	if l.Mirror != nil {
		n.Kind = l.Mirror.Kind
	}
	n.Newest = func(ctx context.Context) ([]Line, error) {
		rows, page, err := l.Source(ctx, &commonv1.Query{Scope: l.Scope, Size: newest})
		var lines []Line
		for _, r := range rows {
			lines = append(lines, Line{text(r), func() { open(r) }})
		}
		if page != nil { // what is here, when the server cannot be reached
			err = nil
		}
		return lines, err
	}
	return n
}
