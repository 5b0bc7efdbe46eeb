package home

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"zhiping/desktop/cache"
	"zhiping/desktop/list"
	"zhiping/desktop/syncer"
	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	publicityv1 "zhiping/proto/gen/zhiping/publicity/v1"
	"zhiping/shared/activity"
	"zhiping/shared/committee"
	rules "zhiping/shared/home"
	"zhiping/shared/page"
)

// supervisionTitle is the title of the part of the page, and of the list of all.
const supervisionTitle = "评审工作监督"

// A Supervision is what the unit's committees and their activities are doing (B4). It is worked out here, from records that the mirror keeps
// for their own sake (sync.md: own committees, running activities and meetings), so it needs no call of its own, works without a network and
// shows what was done on this machine at once.
type Supervision struct {
	// Records gives the own unit's records.
	Records func(context.Context) (rules.Records, error)
	// Division is that of the own unit.
	Division string
	Now      func() time.Time
	// Open opens a line, All the whole list.
	Open func(rules.Row)
	All  func()
}

// Kinds are the kinds of records that it is worked out from.
func (s *Supervision) Kinds() []string {
	return []string{"committee", "activity", "meeting", "publicity"}
}

// Supervised gives the records that a unit's supervision is worked out from; the mirror keeps them in lists of their own. It must be called
// before the mirror is filled.
func Supervised(c *syncer.Client, mirror *cache.Cache) func(context.Context) (rules.Records, error) {
	committees := owned(mirror, "committee", (*committeev1.Committee).GetUnitId, committee.State, func(ctx context.Context, q *commonv1.Query) ([]*committeev1.Committee, *commonv1.PageInfo, error) {
		resp, err := c.Committees().ListCommittees(ctx, &committeev1.ListCommitteesRequest{Query: q})
		return resp.GetCommittees(), resp.GetPage(), err
	})
	activities := owned(mirror, "activity", (*activityv1.Activity).GetUnitId, activity.State, func(ctx context.Context, q *commonv1.Query) ([]*activityv1.Activity, *commonv1.PageInfo, error) {
		resp, err := c.Activities().ListActivities(ctx, &activityv1.ListActivitiesRequest{Query: q})
		return resp.GetActivities(), resp.GetPage(), err
	})
	meetings := owned(mirror, "meeting", (*meetingv1.Meeting).GetUnitId, func(m *meetingv1.Meeting) string { return m.State.String() }, func(ctx context.Context, q *commonv1.Query) ([]*meetingv1.Meeting, *commonv1.PageInfo, error) {
		resp, err := c.Meetings().ListMeetings(ctx, &meetingv1.ListMeetingsRequest{Query: q})
		return resp.GetMeetings(), resp.GetPage(), err
	})
	publicities := owned(mirror, "publicity", (*publicityv1.Publicity).GetUnitId, func(p *publicityv1.Publicity) string { return p.State.String() }, func(ctx context.Context, q *commonv1.Query) ([]*publicityv1.Publicity, *commonv1.PageInfo, error) {
		resp, err := c.Publicities().ListPublicities(ctx, &publicityv1.ListPublicitiesRequest{Query: q})
		return resp.GetPublicities(), resp.GetPage(), err
	})
	return func(ctx context.Context) (r rules.Records, err error) {
		if r.Committees, err = every(ctx, committees); err != nil || len(r.Committees) == 0 {
			return r, err
		}
		if r.Activities, err = every(ctx, activities); err != nil || len(r.Activities) == 0 {
			return r, err
		}
		if r.Meetings, err = every(ctx, meetings); err != nil || len(r.Meetings) == 0 {
			return r, err
		}
		r.Publicities, err = every(ctx, publicities)
		return r, err
	}
}

// owned is the list of the records of a kind that belong to the own unit; nobody sees it as such.
func owned[M interface {
	proto.Message
	GetId() string
}](mirror *cache.Cache, kind string, owner, state func(M) string, source list.Source[M]) *list.List[M] {
	return cache.Add(mirror, &list.List[M]{Name: "supervised-" + kind, Scope: "own", ID: M.GetId, Mirror: list.Owned(kind, owner, state), Source: source})
}

// atOnce is how many records are read at once.
const atOnce = 200

// every gives all rows of a list. What is here while the server cannot be reached is taken as it is.
func every[M any](ctx context.Context, l *list.List[M]) (all []M, err error) {
	q := &commonv1.Query{Scope: l.Scope, Size: atOnce}
	for {
		rows, page, err := l.Source(ctx, q)
		if page == nil {
			return all, err
		}
		all = append(all, rows...)
		if q.After = page.GetNext(); q.After == "" {
			return all, nil
		}
	}
}

// read works the supervision out.
func (s *Supervision) read(ctx context.Context) (rules.Totals, []rules.Row, error) {
	r, err := s.Records(ctx)
	now := s.Now()
	totals, rows := rules.Supervise(r, now.In(china).Format(time.DateOnly), now.UnixMilli())
	return totals, rows, err
}

var china = time.FixedZone("+08:00", 8*60*60)

// columnsOf are the columns of the table (B4).
func (s *Supervision) columnsOf() []list.Column[rules.Row] {
	today := func() string { return s.Now().In(china).Format(time.DateOnly) }
	return []list.Column[rules.Row]{
		{Title: "评委会", Width: 270, Text: func(r rules.Row) string { return r.Committee.Name }},
		{Title: "备案状态", Width: 80, Text: func(r rules.Row) string { return rules.Filing(r.Committee, today()) }},
		{Title: "备案有效期", Width: 166, Text: func(r rules.Row) string { return rules.Validity(r.Committee) }},
		{Title: "行政区划", Width: 74, Text: func(r rules.Row) string { return rules.Divisions(r.Committee, s.Division) }},
		{Title: "评审活动", Width: 232, Text: func(r rules.Row) string { return nameOf(r.Activity) }},
		{Title: "申报时间", Width: 166, Text: func(r rules.Row) string { return rules.Period(r.Activity) }},
		{Title: "当前阶段", Width: 82, Text: stageOf},
	}
}

func nameOf(a *activityv1.Activity) string {
	if a == nil {
		return "—"
	}
	return a.Name
}

func stageOf(r rules.Row) string {
	if r.Activity == nil {
		return "—"
	}
	return activity.Present(r.Activity, r.Stage)
}

// Tabs of the list of all.
const (
	running = "RUNNING"
	resting = "RESTING"
)

// lines is the supervision as a table that is worked out.
var lines = page.Table[rules.Row]{
	States: []string{running, resting},
	State: func(r rules.Row) string {
		if r.Running() {
			return running
		}
		return resting
	},
	Filters: map[string]func(rules.Row, string) bool{"name": func(r rules.Row, part string) bool { return strings.Contains(r.Committee.Name, part) }},
}

// List is the supervision as a list of its own: for a unit with more committees than the first page has room for.
func (s *Supervision) List() *list.List[rules.Row] {
	return &list.List[rules.Row]{
		Name: "supervision", Title: supervisionTitle, Columns: s.columnsOf(),
		ID:      func(r rules.Row) string { return r.Committee.Id + " " + r.Activity.GetId() },
		Filters: []list.Filter{{Column: "name", Title: "评委会名称"}},
		Tabs:    []list.Tab{{State: "", Title: "全部"}, {State: running, Title: "评审活动进行中"}, {State: resting, Title: "无进行中的评审活动"}},
		Empty:   "本单位还没有组建评委会。",
		Source: func(ctx context.Context, q *commonv1.Query) ([]rules.Row, *commonv1.PageInfo, error) {
			_, rows, err := s.read(ctx)
			if err != nil {
				return nil, nil, err
			}
			return lines.Of(rows, q)
		},
	}
}

// A figure is one of the numbers above the table.
type figure struct {
	title string
	n     int
}

func figures(t rules.Totals) []figure {
	return []figure{{"评委会总数", t.Committees}, {"已备案", t.Filed}, {"未备案", t.Unfiled}, {"进行中的评审活动", t.Running}}
}

func more(n int) string { return fmt.Sprintf("查看全部 %d 项", n) }
