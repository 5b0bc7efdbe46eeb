package meeting_test

import (
	"bytes"
	"slices"
	"testing"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	publicityv1 "zhiping/proto/gen/zhiping/publicity/v1"
	"zhiping/proto/gen/zhiping/publicity/v1/publicityv1connect"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/ledger"
	"zhiping/server/servertest"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/fault"
)

// A hub that does not come back loses its lease by an administrator's word, with a reason: the people are free, the meeting is held again under another
// log, and what the old hub still brings is checked and kept, never merged.
func TestReleaseLease(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newCouncil(t, h, 2)
		c.drill()
		lost := c.room(c.issue()["全体会议"].Package, &ballot.Memory{})
		lost.CheckIn(10)
		c.vote(lost, "R1", func(int) bool { return true })
		c.mayRelease(h)
		resp, err := c.client().ReleaseLease(ctx, &meetingv1.ReleaseLeaseRequest{Base: c.base(), Reason: "会场主机被盗，已报案"})
		if err != nil {
			t.Fatal(err)
		}
		c.m = resp.Meeting
		equal(t, "states", c.states(), "qq")
		x := c.m.Released[0]
		if c.m.State != meetingv1.State_STATE_CONFIRMED || x.Reason != "会场主机被盗，已报案" || x.By == "" || x.SessionId != lost.Package.Session || c.m.Sessions[0].Id == x.SessionId || c.m.Sessions[0].Lease != nil {
			t.Fatal(c.m.State, x, c.m.Sessions)
		}
		var kept [][]byte
		if _, err := ledger.Open(h.Server.DB, x.SessionId).Load(ctx, func(o []byte) error { kept = append(kept, o); return nil }); err != nil || len(kept) != 2 || !bytes.Equal(kept[1], x.Release) {
			t.Fatal("the word does not stand in the server's log:", len(kept), err)
		}
		_, err = c.handOver(lost.Record())
		c.refused(err, fault.State, "会议包未签发")
		c.late(lost)

		again := c.room(c.issue()["全体会议"].Package, &ballot.Memory{})
		again.CheckIn(10)
		c.vote(again, "R1", func(i int) bool { return i == 0 })
		_, err = c.handOver(lost.Record())
		c.refused(err, fault.State, "只能作为证据留存")
		c.handed(again.Record())
		equal(t, "states", c.states(), "+-") // not what the lost hub says
		if len(c.m.Released[0].Late) != 2 {
			t.Error("the late evidence is gone:", c.m.Released)
		}
		// The hub hears of it, and takes nothing more.
		lost.Append(x.Release, nil)
		if err := lost.Try(lost.Attend(0, ballot.Left, "离场").Sign(lost.Staff)); fault.CodeOf(err) != fault.State {
			t.Error("a released hub goes on:", err)
		}
	})
}

// mayRelease: the right to organise meetings is not enough.
func (c *council) mayRelease(h *servertest.House) {
	c.t.Helper()
	top := h.SignIn("topadmin")
	units := unitv1connect.NewUnitServiceClient(top.HTTP, top.URL, top.Options...)
	role := &unitv1.Role{Id: servertest.NewID(), Name: "会务", Rights: []commonv1.Right{commonv1.Right_RIGHT_MEETING_MANAGE}}
	if _, err := units.SaveRole(ctx, &unitv1.SaveRoleRequest{Base: &commonv1.Base{Id: h.Top.Id, Revision: top.Identity.Unit.Revision}, Role: role}); err != nil {
		c.t.Fatal(err)
	}
	s := servertest.NewStaff("organiser2")
	s.Staff.UnitId, s.Staff.RoleIds = h.Top.Id, []string{role.Id}
	if _, err := units.SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: s.Staff, Password: servertest.Password}); err != nil {
		c.t.Fatal(err)
	}
	_, err := client(h.SignIn("organiser2")).ReleaseLease(ctx, &meetingv1.ReleaseLeaseRequest{Base: c.base(), Reason: "会场主机被盗"})
	c.refused(err, fault.Denied, "解除会议控制权")
}

// late brings the record of a released hub: it is kept once, whatever it says, and one of another room is not.
func (c *council) late(lost *ballottest.Room) {
	c.t.Helper()
	bring := func(file []byte) (*meetingv1.KeepLateResponse, error) {
		return c.client().KeepLate(ctx, &meetingv1.KeepLateRequest{Base: c.base(), Record: file})
	}
	resp, err := bring(lost.Record())
	c.took(resp, err)
	if resp.Finding == "" || !bytes.Contains([]byte(resp.Finding), []byte("记录自身一致")) {
		c.t.Error(resp.Finding)
	}
	c.took(bring(lost.Record()))
	e := lost.Evidence(lost.Columns)
	e.Log = slices.Delete(slices.Clone(e.Log), 5, 6)
	resp, err = bring(e.Encode(lost.Package))
	c.took(resp, err)
	if !bytes.Contains([]byte(resp.Finding), []byte("核验不成立")) || len(c.m.Released[0].Late) != 2 || len(c.m.Released[0].Findings) != 2 {
		c.t.Error(resp.Finding, c.m.Released[0].Findings)
	}
	other := ballottest.New(c.t, &ballot.Memory{}, 3, 1)
	_, err = bring(other.Record())
	c.refused(err, fault.Invalid, "不是本次会议已解除控制的会场的记录")
	equal(c.t, "states", c.states(), "qq")
}

// A session that the server sequences can be ended too; it takes nothing afterwards.
func TestReleaseOnline(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newCouncil(t, h, 2)
		o := c.online()
		o.begin(2)
		resp, err := c.client().ReleaseLease(ctx, &meetingv1.ReleaseLeaseRequest{Base: c.base(), Reason: "会议改期"})
		if err != nil {
			t.Fatal(err)
		}
		c.m = resp.Meeting
		if _, err := o.submit(o.rooms, o.Voters[5], "R1", o.Ballot(ballot.Agree)); fault.CodeOf(err) != fault.State {
			t.Error("a released session takes a ballot:", err)
		}
		o.pull()
		if o.state.Release == nil || o.state.Release.Reason != "会议改期" {
			t.Error("the release does not stand in the log")
		}
		equal(t, "states", c.states(), "qq")
	})
}

// What must interrupt a meeting in its room waits: it is noted with reason, who and when, shown at the hand-over, and settled before the results are
// announced. Nothing of the meeting or its people changes meanwhile.
func TestHolds(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newCouncil(t, h, 2)
		c.drill()
		add := func(subject, reason string) (*meetingv1.AddHoldResponse, error) {
			return c.client().AddHold(ctx, &meetingv1.AddHoldRequest{Base: c.base(), SubjectId: subject, Reason: reason})
		}
		_, err := add(c.people[0], "受到记过处分")
		c.refused(err, fault.State, "请直接办理")
		r := c.room(c.issue()["全体会议"].Package, &ballot.Memory{})
		c.took(add(c.people[0], "受到记过处分"))
		c.took(add(c.experts[2], "被举报与申报人有利害关系"))
		_, err = add(servertest.NewID(), "与会议无关")
		c.refused(err, fault.Invalid, "事项对象不在本次会议")
		if x := c.m.Holds[0]; x.Subject != "参评人员申报人1（虚构）" || x.Staff == "" || x.Unit == "" || x.At == 0 || c.m.Holds[1].Subject != "专家专家2" {
			t.Error(c.m.Holds)
		}
		settle := func(i int) (*meetingv1.SettleHoldResponse, error) {
			return c.client().SettleHold(ctx, &meetingv1.SettleHoldRequest{Base: c.base(), HoldId: c.m.Holds[i].Id, Finding: "经查不影响评审"})
		}
		_, err = settle(0)
		c.refused(err, fault.State, "移交会议记录后才能处理")
		equal(t, "states", c.states(), "mm")
		r.CheckIn(10)
		c.vote(r, "R1", func(int) bool { return true })
		if resp := c.handed(r.Record()); len(resp.Holds) != 2 || resp.Holds[0].Reason != "受到记过处分" {
			t.Error(resp.Holds)
		}
		organiser := c.chamber.people["organiser"]
		publicities := publicityv1connect.NewPublicityServiceClient(organiser.HTTP, organiser.URL, organiser.Options...)
		publish := func() error {
			_, err := publicities.PublishResults(ctx, &publicityv1.PublishResultsRequest{Publicity: &publicityv1.Publicity{Id: servertest.NewID(), MeetingId: c.m.Id, StartsOn: "2026-05-22", Contact: "联系人", Phone: "028-00000000"}})
			return err
		}
		c.refused(publish(), fault.State, "会议期间登记的2个事项尚未处理（参评人员申报人1（虚构）：受到记过处分）")
		c.took(settle(0))
		_, err = settle(0)
		c.refused(err, fault.State, "该事项已处理")
		c.refused(publish(), fault.State, "1个事项尚未处理")
		c.took(settle(1))
		if err := publish(); err != nil {
			t.Error("announced nothing although all is settled:", err)
		}
	})
}

// A package that one signing key has issued is handed over after another has become active, with the word of the key that issued it; of a retired key
// nothing is taken.
func TestRotationDuringAMeeting(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newCouncil(t, h, 2)
		c.drill()
		first := h.Server.Keys.Active()
		r := c.room(c.issue()["全体会议"].Package, &ballot.Memory{})
		if _, err := h.Server.Keys.Rotate(); err != nil {
			t.Fatal(err)
		}
		r.CheckIn(10)
		c.vote(r, "R1", func(int) bool { return true })
		resp := c.handed(r.Record())
		equal(t, "states", c.states(), "++")
		c.archived(r, resp)

		d := c.next(2)
		key := h.Server.Keys.Active()
		if key.ID == first.ID {
			t.Fatal("not rotated")
		}
		x := d.room(d.issue()["全体会议"].Package, &ballot.Memory{})
		x.CheckIn(10)
		d.vote(x, "R1", func(int) bool { return true })
		if _, err := h.Server.Keys.Rotate(); err != nil {
			t.Fatal(err)
		}
		if err := h.Server.Keys.Retire(key.ID); err != nil {
			t.Fatal(err)
		}
		_, err := d.handOver(x.Record())
		d.refused(err, fault.Invalid, "签发它的密钥已停用")
		released, err := d.client().ReleaseLease(ctx, &meetingv1.ReleaseLeaseRequest{Base: d.base(), Reason: "签名密钥泄露"})
		d.took(released, err)
		equal(t, "states", d.states(), "qq")
	})
}

// Where the key that signed the package is retired nobody can sign the release; the session ends all the same.
func TestReleaseOfARetiredKey(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newCouncil(t, h, 2)
		o := c.online()
		o.begin(2)
		key := h.Server.Keys.Active()
		if _, err := h.Server.Keys.Rotate(); err != nil {
			t.Fatal(err)
		}
		if err := h.Server.Keys.Retire(key.ID); err != nil {
			t.Fatal(err)
		}
		_, err := c.handOver()
		c.refused(err, fault.Invalid, "签发它的密钥已停用")
		_, err = c.client().TakeLease(ctx, &meetingv1.TakeLeaseRequest{Base: c.base(), SessionId: o.Package.Session, HubKey: c.spare.Public(), Reason: "断网"})
		c.refused(err, fault.State, "密钥已停用")
		resp, err := c.client().ReleaseLease(ctx, &meetingv1.ReleaseLeaseRequest{Base: c.base(), Reason: "签名密钥泄露"})
		c.took(resp, err)
		_, err = o.submit(o.rooms, o.Voters[5], "R1", o.Ballot(ballot.Agree))
		c.refused(err, fault.State, "管理员已解除对会议的控制")
		equal(t, "states", c.states(), "qq")
	})
}
