package sync_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"

	"connectrpc.com/connect"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	syncv1 "zhiping/proto/gen/zhiping/sync/v1"
	"zhiping/proto/gen/zhiping/sync/v1/syncv1connect"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/servertest"
	serversync "zhiping/server/sync"
	"zhiping/shared/db/dbtest"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

var ctx = context.Background()

// outbox sends mutations under numbers of its own choosing.
type outbox struct {
	*servertest.Client
	id     string
	number int64
	how    string // after the number
}

// header is the interceptor that a desktop's outbox stands for.
func (o *outbox) header() connect.Option {
	return connect.WithInterceptors(connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			req.Header().Set("Authorization", "Bearer "+o.Token)
			req.Header().Set(wire.MutationHeader, o.id+"/"+strconv.FormatInt(o.number, 10)+o.how)
			resp, err := next(ctx, req)
			return resp, wire.Decode(ctx, err)
		}
	}))
}

func (o *outbox) units() unitv1connect.UnitServiceClient {
	return unitv1connect.NewUnitServiceClient(o.HTTP, o.URL, o.header())
}

func (o *outbox) save(number int64, u *unitv1.Unit, revision int64, address string) (*unitv1.Unit, error) {
	o.number = number
	m := &unitv1.Unit{
		Id: u.Id, Revision: revision, Name: u.Name, CreditCode: u.CreditCode, Kind: u.Kind, Division: u.Division, Nature: u.Nature, Contact: u.Contact, Phone: u.Phone, Address: address,
	}
	resp, err := o.units().SaveUnit(ctx, &unitv1.SaveUnitRequest{Unit: m})
	return resp.GetUnit(), err
}

// Numbers of an outbox are contiguous: a repeated one gets the stored answer, one after a gap is told where to go on, and two edits in a row
// are no conflict because the second says "based on my first".
func TestOutbox(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		o := &outbox{Client: h.SignIn("topadmin"), id: servertest.NewID()}
		u := o.Identity.Unit
		first, err := o.save(1, u, u.Revision, "第一处")
		if err != nil || first.Address != "第一处" {
			t.Fatal(first, err)
		}
		again, err := o.save(1, u, u.Revision, "第一处")
		if err != nil || again.Revision != first.Revision {
			t.Error("the repeated mutation ran again:", again, err)
		}
		if _, err = o.save(3, u, -1, "第三处"); fault.CodeOf(err) != fault.Gap || fault.As(err).Field != "2" {
			t.Errorf("a gap: %v", err)
		}
		second, err := o.save(2, u, -1, "第二处")
		if err != nil || second.Revision != first.Revision+1 {
			t.Error("an edit on top of my own:", second, err)
		}
		if _, err = o.save(3, u, first.Revision, "旧版本"); fault.CodeOf(err) != fault.Conflict {
			t.Error("a stale base:", err)
		}
		// The refused one has its number and its answer too; what was built on it is a conflict, not an error.
		if _, err = o.save(4, u, -3, "第四处"); fault.CodeOf(err) != fault.Conflict || !strings.Contains(err.Error(), "第 3 项") {
			t.Error("built on what was refused:", err)
		}
		if _, err := o.save(5, u, second.Revision, "第五处"); err != nil {
			t.Error("the queue goes on after refusals:", err)
		}
		// One that cannot go through is given up: its number is taken, and the queue goes on.
		o.how = "/skip"
		before, err := o.save(6, u, -5, "放弃的")
		if fault.CodeOf(err) != fault.State || !strings.Contains(err.Error(), "放弃") {
			t.Error("given up:", before, err)
		}
		o.how = ""
		if last, err := o.save(7, u, -5, "第七处"); err != nil || last.Address != "第七处" {
			t.Error("after one that was given up:", last, err)
		}
		other := &outbox{Client: o.Client, id: servertest.NewID()}
		if _, err := other.save(1, u, -2, "别的电脑"); fault.CodeOf(err) != fault.Conflict {
			t.Error("another installation's mutation 2 is not mine:", err)
		}
	})
}

func pull(t *testing.T, c *servertest.Client, r *syncv1.PullRequest) *syncv1.PullResponse {
	t.Helper()
	resp, err := syncv1connect.NewSyncServiceClient(c.HTTP, c.URL, c.Options...).Pull(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// mirrored is a mirror as a test keeps it: by "open kind id".
type mirrored struct {
	epoch  string
	cursor int64
	rows   map[string]*syncv1.Change
}

// follow pulls until the checkpoint is complete, in small steps, and compares with the digests.
func (m *mirrored) follow(t *testing.T, c *servertest.Client) {
	t.Helper()
	for {
		resp := pull(t, c, &syncv1.PullRequest{Epoch: m.epoch, Cursor: m.cursor, Size: 2})
		if resp.Reset_ || m.rows == nil {
			m.rows = map[string]*syncv1.Change{}
		}
		m.epoch, m.cursor = resp.Epoch, resp.Cursor
		for _, x := range resp.Changes {
			key := strconv.FormatBool(x.Open) + " " + x.Kind + " " + x.Id
			if m.rows[key] = x; x.Gone {
				delete(m.rows, key)
			}
		}
		if !resp.More {
			m.compare(t, resp.Digests)
			return
		}
	}
}

func (m *mirrored) compare(t *testing.T, digests []*syncv1.Digest) {
	t.Helper()
	type of struct {
		open bool
		kind string
	}
	have := map[of][2]int64{}
	for _, x := range m.rows {
		d := have[of{x.Open, x.Kind}]
		have[of{x.Open, x.Kind}] = [2]int64{d[0] + 1, d[1] + wire.Hash(x.Kind, x.Id, x.Revision)}
	}
	for _, d := range digests {
		if got := have[of{d.Open, d.Kind}]; got != [2]int64{d.Count, d.Sum} {
			t.Errorf("digest of %s: the mirror has %v, the server says %d, %d", d.Kind, got, d.Count, d.Sum)
		}
		delete(have, of{d.Open, d.Kind})
	}
	if len(have) > 0 {
		t.Errorf("the mirror has what the server does not: %v", have)
	}
}

func (m *mirrored) has(kind, id string) bool { return m.rows["false "+kind+" "+id] != nil }

// A mirror follows what a unit gains and loses from sight; its digest agrees after every checkpoint; another epoch begins it anew.
func TestPull(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		units := unitv1connect.NewUnitServiceClient(top.HTTP, top.URL, top.Options...)
		create := func(account string) *unitv1.Unit {
			resp, err := units.CreateUnit(ctx, &unitv1.CreateUnitRequest{Unit: h.NewUnit("示例主管部门"+account, commonv1.UnitKind_UNIT_KIND_DEPARTMENT), Handlers: []*unitv1.NewStaff{servertest.NewStaff(account)}})
			if err != nil {
				t.Fatal(err)
			}
			return resp.Unit
		}
		a, b := create("unit-a"), create("unit-b")
		var above, other mirrored
		above.follow(t, top)
		other.follow(t, h.SignIn("unit-b"))
		if !above.has("unit", a.Id) || other.has("unit", a.Id) || !other.has("unit", b.Id) {
			t.Fatal("the top sees both, b only itself")
		}
		ca := h.SignIn("unit-a")
		ua := unitv1connect.NewUnitServiceClient(ca.HTTP, ca.URL, ca.Options...)
		asked, err := ua.ChangeSuperior(ctx, &unitv1.ChangeSuperiorRequest{Base: &commonv1.Base{Id: a.Id, Revision: a.Revision}, SuperiorId: b.Id})
		if err != nil {
			t.Fatal(err)
		}
		cb := h.SignIn("unit-b")
		if other.follow(t, cb); !other.has("unit", a.Id) {
			t.Error("b does not see the unit that asks to come under it")
		}
		ub := unitv1connect.NewUnitServiceClient(cb.HTTP, cb.URL, cb.Options...)
		if _, err := ub.ReviewUnits(ctx, &unitv1.ReviewUnitsRequest{Bases: []*commonv1.Base{{Id: a.Id, Revision: asked.Unit.Revision}}, Matter: reviewv1.Matter_MATTER_SUPERIOR, Action: &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE}}); err != nil {
			t.Fatal(err)
		}
		if above.follow(t, top); above.has("unit", a.Id) {
			t.Error("the top still sees a unit that has gone to another")
		}
		if err := serversync.NewEpoch(ctx, h.Server.DB); err != nil {
			t.Fatal(err)
		}
		if resp := pull(t, top, &syncv1.PullRequest{Epoch: above.epoch, Cursor: above.cursor}); !resp.Reset_ || len(resp.Changes) == 0 {
			t.Error("another epoch did not begin the mirror anew")
		}
		above.follow(t, top)
		if resp := pull(t, top, &syncv1.PullRequest{Epoch: above.epoch, Cursor: above.cursor + 1000}); !resp.Reset_ {
			t.Error("a mirror ahead of the server did not begin anew")
		}
	})
}

// With a limit, records come without their bodies, but for what has to be done.
func TestPullOfABigUnit(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		units := unitv1connect.NewUnitServiceClient(top.HTTP, top.URL, top.Options...)
		for range 4 {
			if _, err := units.CreateUnit(ctx, &unitv1.CreateUnitRequest{Unit: h.NewUnit("示例单位", commonv1.UnitKind_UNIT_KIND_EMPLOYER), Handlers: []*unitv1.NewStaff{servertest.NewStaff("u-" + strings.ToLower(servertest.NewID()[24:]))}}); err != nil {
				t.Fatal(err)
			}
		}
		waiting := h.NewUnit("待审核单位", commonv1.UnitKind_UNIT_KIND_EMPLOYER)
		waiting.SuperiorId = h.Top.Id
		nobody := h.Nobody()
		if _, err := unitv1connect.NewUnitServiceClient(nobody.HTTP, nobody.URL, nobody.Options...).RegisterUnit(ctx, &unitv1.RegisterUnitRequest{Unit: waiting, Handler: servertest.NewStaff("waiting")}); err != nil {
			t.Fatal(err)
		}
		var whole []string
		for _, x := range pull(t, top, &syncv1.PullRequest{Whole: 3}).Changes {
			if x.Kind == "unit" && len(x.Body) > 0 {
				whole = append(whole, x.Id)
			}
		}
		if !slices.Equal(whole, []string{waiting.Id}) {
			t.Errorf("bodies of %v, want only the unit that waits for review", whole)
		}
	})
}

// Two servers on one PostgreSQL: what one of them writes reaches who watches and pulls from the other, in order, and one outbox cannot run
// ahead through the second.
func TestTwoServers(t *testing.T) {
	url := dbtest.PostgresURL(t)
	one := servertest.Start(t, url)
	two := servertest.Join(t, one, url)
	c := two.SignIn("topadmin")
	watching, stop := context.WithCancel(ctx)
	defer stop()
	hints, err := syncv1connect.NewSyncServiceClient(c.HTTP, c.URL, c.Options...).Watch(watching, &syncv1.WatchRequest{})
	if err != nil || !hints.Receive() {
		t.Fatal(err, hints.Err())
	}
	first := hints.Msg().Cursor
	o := &outbox{Client: one.SignIn("topadmin"), id: servertest.NewID()}
	u := o.Identity.Unit
	if _, err := o.save(1, u, u.Revision, "经第一台服务器"); err != nil {
		t.Fatal(err)
	}
	if !hints.Receive() || hints.Msg().Cursor <= first {
		t.Fatal("the second server did not hear of it", hints.Err())
	}
	var m mirrored
	m.follow(t, c)
	o.Client = c
	if _, err := o.save(3, u, -1, "缺了一项"); fault.CodeOf(err) != fault.Gap {
		t.Error(err)
	}
	if _, err := o.save(2, u, -1, "经第二台服务器"); err != nil {
		t.Error(err)
	}
}
