package syncer

import (
	"maps"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"zhiping/desktop/cache"
	"zhiping/desktop/committee"
	"zhiping/desktop/expert"
	"zhiping/desktop/list"
	"zhiping/desktop/outbox"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/server/servertest"
	rules "zhiping/shared/expert"
)

// bureau is one clerk's machine with the lists of the pools.
type bureau struct {
	*place
	c       *Client
	a       *Account
	s       *Syncer
	experts *list.List[*expertv1.Expert]
	pools   *list.List[*expertv1.Pool]
}

func newBureau(t *testing.T, h *servertest.House) *bureau {
	t.Helper()
	b := &bureau{place: &place{t: t, h: h, base: t.TempDir(), cut: -1}}
	h.Settle("topadmin")
	var err error
	if b.c, b.a, err = b.open(servertest.Password); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.a.Close() })
	effects := map[string]cache.Effect{}
	maps.Copy(effects, committee.Effects)
	maps.Copy(effects, expert.Effects)
	b.s = New(b.c, b.a.Box, b.a.Mirror, b.c.Actor(), effects, b.a.Files(), time.Now, func(map[string]bool) {})
	committee.Own(b.c.Committees(), b.a.Mirror)
	b.experts, b.pools = expert.Experts(b.c.Experts(), b.a.Mirror), expert.Pools(b.c.Experts(), b.a.Mirror)
	if err := b.a.Mirror.Fill(ctx); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bureau) sync() {
	b.t.Helper()
	if err := b.s.Sync(ctx); err != nil {
		b.t.Fatal(err)
	}
}

// unplug takes the cable out; plug puts it in again and lets what waited go.
func (b *bureau) unplug() {
	b.out = true
	b.s.heard(false)
}

func (b *bureau) plug() {
	b.t.Helper()
	b.out = false
	b.s.heard(true)
	b.sync()
}

// rows are the experts of a pool in a state, as the page sees them.
func (b *bureau) rows(committeeID, state string) []*expertv1.Expert {
	b.t.Helper()
	all, _, err := b.experts.Source(ctx, &commonv1.Query{State: state, Filters: []*commonv1.Filter{{Column: "committee_id", Value: committeeID}}})
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

func someone(committeeID, name, number string) *expertv1.Expert {
	return &expertv1.Expert{
		Id: servertest.NewID(), CommitteeId: committeeID, Name: name, IdKind: "111", Number: number, Phone: "13800000000", WorkUnit: "示例单位", Duty: "无", Honours: "无", Occupation: "设计",
		Series: "05", Title: "高级工程师", Level: "4", Specialty: "0501", Position: expertv1.Position_POSITION_MEMBER, TermFrom: "2026-01-01", TermUntil: "2028-12-31",
	}
}

// The pool is kept without a network: committee, experts and their review show at once, wait, and are the server's when the cable is in again. Two
// clerks who correct one expert meet in the list of what waits.
func TestPoolWithoutANetwork(t *testing.T) {
	h := servertest.Start(t, "")
	one, two := newBureau(t, h), newBureau(t, h)
	one.sync()
	one.unplug()
	c := &committeev1.Committee{Id: servertest.NewID(), Name: "示例评委会（虚构）", Series: "05", Levels: []string{"3"}, Contact: "联系人", Phone: "13800000000", AuthorisingId: h.Top.Id, FilingId: h.Top.Id}
	if _, err := one.c.Committees().SaveCommittee(ctx, &committeev1.SaveCommitteeRequest{Committee: c}); err != nil {
		t.Fatal(err)
	}
	first, second := someone(c.Id, "示例甲", "510106197307287209"), someone(c.Id, "示例乙", "510106197307280402")
	if _, err := one.c.Experts().ImportExperts(ctx, &expertv1.ImportExpertsRequest{Experts: []*expertv1.Expert{first, second}}); err != nil {
		t.Fatal(err)
	}
	if all, err := one.a.Box.Pending(ctx, 1, 1); err != nil || len(all) != 1 || !proto.Equal(Carried(all[0])[second.Id], second) || len(Carried(all[0])) != 2 {
		t.Fatal("the people of an import are not known by name:", all, err)
	}
	rows := one.rows(c.Id, rules.Draft)
	if len(rows) != 2 || rows[0].Birth == "" || rows[0].CommitteeName != c.Name {
		t.Fatal("what was imported is not seen:", rows)
	}
	var bases []*commonv1.Base
	for _, e := range rows {
		bases = append(bases, &commonv1.Base{Id: e.Id, Revision: e.Revision})
	}
	if _, err := one.c.Experts().SubmitExperts(ctx, &expertv1.SubmitExpertsRequest{Bases: bases}); err != nil {
		t.Fatal(err)
	}
	if n := len(one.rows(c.Id, rules.Review)); n != 2 {
		t.Fatal("what was handed in is not seen:", n)
	}
	one.plug()
	if waiting, err := one.a.Box.All(ctx, 10); err != nil || len(waiting) != 4 || waiting[0].State != outbox.Applied {
		t.Fatal(waiting, err)
	}
	pools, _, err := one.pools.Source(ctx, &commonv1.Query{})
	if err != nil || len(pools) != 1 || pools[0].Waiting != 2 {
		t.Fatal(pools, err)
	}
	// Reviewed without a network, the numbers follow at once.
	one.unplug()
	e := one.rows(c.Id, rules.Review)[1]
	if _, err := one.c.Experts().WithdrawExperts(ctx, &expertv1.WithdrawExpertsRequest{Bases: []*commonv1.Base{{Id: e.Id, Revision: e.Revision}}}); err != nil {
		t.Fatal(err)
	}
	if pools, _, err = one.pools.Source(ctx, &commonv1.Query{}); err != nil || pools[0].Waiting != 1 || len(one.rows(c.Id, rules.Draft)) != 1 {
		t.Fatal("who was taken back still waits:", pools, err)
	}
	e = one.rows(c.Id, rules.Draft)[0]
	if _, err := one.c.Experts().SubmitExperts(ctx, &expertv1.SubmitExpertsRequest{Bases: []*commonv1.Base{{Id: e.Id, Revision: e.Revision}}}); err != nil {
		t.Fatal(err)
	}
	e = one.rows(c.Id, rules.Review)[0]
	approve := &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE, Opinion: "同意"}
	if _, err := one.c.Experts().ReviewExperts(ctx, &expertv1.ReviewExpertsRequest{Bases: []*commonv1.Base{{Id: e.Id, Revision: e.Revision}}, Action: approve}); err != nil {
		t.Fatal(err)
	}
	if pools, _, err = one.pools.Source(ctx, &commonv1.Query{}); err != nil || pools[0].Waiting != 1 || pools[0].Active != 1 {
		t.Fatal(pools, err)
	}
	one.plug()
	conflict(t, one, two, c.Id)
}

// conflict lets two clerks correct one expert without a network.
func conflict(t *testing.T, one, two *bureau, committeeID string) {
	t.Helper()
	two.sync()
	for i, b := range []*bureau{one, two} {
		b.unplug()
		e := proto.CloneOf(b.rows(committeeID, rules.Active)[0])
		e.Duty = []string{"院长", "主任"}[i]
		if _, err := b.c.Experts().SaveExpert(ctx, &expertv1.SaveExpertRequest{Expert: e}); err != nil {
			t.Fatal(err)
		}
		if got := b.rows(committeeID, rules.Active)[0]; got.Duty != e.Duty {
			t.Fatal("what was typed is not seen:", got)
		}
	}
	one.plug()
	two.plug()
	all, err := two.a.Box.All(ctx, 10)
	if err != nil || len(all) != 1 || all[0].State != outbox.Conflict {
		t.Fatal("the second one was not told:", all, err)
	}
	if got := two.rows(committeeID, rules.Active)[0]; got.Duty != "院长" {
		t.Fatal("after the conflict the server's record is not seen:", got)
	}
	base, by, _, err := two.a.Mirror.Base(ctx, "expert", two.rows(committeeID, rules.Active)[0].Id)
	if err != nil || base.(*expertv1.Expert).Duty != "院长" || !strings.Contains(by, "经办人") {
		t.Fatal("theirs is not known:", base, by, err)
	}
	if err := two.s.Redo(ctx, all[0]); err != nil { // the clerk takes his own
		t.Fatal(err)
	}
	two.sync()
	one.sync()
	if got := one.rows(committeeID, rules.Active)[0]; got.Duty != "主任" {
		t.Fatal("what the clerk decided did not hold:", got)
	}
}
