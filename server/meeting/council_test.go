package meeting_test

import (
	"crypto/rand"
	"fmt"
	"testing"

	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/proto/gen/zhiping/meeting/v1/meetingv1connect"
	"zhiping/server/activity"
	"zhiping/server/application"
	"zhiping/server/command"
	"zhiping/server/committee"
	"zhiping/server/expert"
	"zhiping/server/meeting"
	"zhiping/server/servertest"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/db"
)

// council is a meeting whose panel is confirmed, with everybody's keys and as many people as it needs.
type council struct {
	*chamber
	h          *servertest.House
	hub, spare ballot.Key
	staff      ballot.Key
	chair      ballot.Key
	supervisor ballot.Key
	custodians []*ballot.Secret
	people     []string // applications
}

// newCouncil confirms ten experts in two groups of five for some applicants and gives everybody keys. No drill has been held.
func newCouncil(t *testing.T, h *servertest.House, applicants int) *council {
	t.Helper()
	in := newChamber(t, h)
	put(t, h, committee.Committees, &committeev1.Committee{Id: in.m.CommitteeId, Name: "示例评委会（虚构）", UnitId: h.Top.Id, FiledOn: "2025-05-20", ValidUntil: "2028-05-20"})
	return convened(t, h, in, applicants)
}

// next is another meeting of the same committee, drilled.
func (c *council) next(applicants int) *council {
	c.t.Helper()
	ch := *c.chamber
	ch.m = &meetingv1.Meeting{Id: servertest.NewID(), Name: "又一会议（虚构）", HeldOn: c.m.HeldOn, UnitId: c.h.Top.Id, CommitteeId: c.m.CommitteeId, RulesSha256: c.m.RulesSha256}
	d := convened(c.t, c.h, &ch, applicants)
	d.drill()
	return d
}

func convened(t *testing.T, h *servertest.House, in *chamber, applicants int) *council {
	t.Helper()
	c := &council{
		chamber: in, h: h, hub: ballottest.Key(ballot.RoleHub, 2), spare: ballottest.Key(ballot.RoleHub, 6), staff: ballottest.Key(ballot.RoleStaff, 3),
		chair: ballottest.Key(ballot.RoleChair, 4), supervisor: ballottest.Key(ballot.RoleSupervisor, 5),
	}
	a := &activityv1.Activity{Id: servertest.NewID(), Name: "示例评审（虚构）", UnitId: h.Top.Id, CommitteeId: c.m.CommitteeId, CommitteeName: "示例评委会（虚构）", RulesSha256: c.m.RulesSha256, Published: true}
	put(t, h, activity.Activities, a)
	c.m.ActivityId, c.m.State, c.m.Place = a.Id, meetingv1.State_STATE_CONFIRMED, "示例会议室"
	for i, id := range c.experts[:10] {
		c.m.Panel = append(c.m.Panel, &meetingv1.Seat{ExpertId: id, Name: fmt.Sprint("专家", i), Group: []string{"土木组", "机械组"}[i/5], Confirmed: true, Chair: i == 0, Executive: i == 0})
	}
	c.m.PanelSize = 10
	for i := range applicants {
		x := &applicationv1.Application{
			Id: servertest.NewID(), ActivityId: a.Id, CommitteeId: c.m.CommitteeId, CommitteeUnitId: h.Top.Id, UnitId: servertest.NewID(), PersonId: servertest.NewID(), Name: fmt.Sprintf("申报人%d（虚构）", i+1), WorkUnit: "示例申报单位（虚构）",
			State: applicationv1.State_STATE_QUALIFIED,
		}
		put(t, h, application.Applications, x)
		c.people, c.m.ApplicationIds = append(c.people, x.Id), append(c.m.ApplicationIds, x.Id)
	}
	c.m.HubKey, c.m.StaffKeys, c.m.ChairKey, c.m.SupervisorKey = c.hub.Public(), []string{c.staff.Public()}, c.chair.Public(), c.supervisor.Public()
	for i, role := range []string{"执行主任", "会务负责人", "监督人员"} {
		s, err := ballot.NewSecret(fmt.Sprint("K", i+1), "保管人"+fmt.Sprint(i+1)+"（虚构）", role)
		if err != nil {
			t.Fatal(err)
		}
		k := s.Public()
		c.custodians = append(c.custodians, s)
		c.m.Custodians = append(c.m.Custodians, &meetingv1.Custodian{Name: k.Name, Role: k.Role, Key: meeting.CustodianKey(k)})
	}
	put(t, h, meeting.Meetings, c.m)
	return c
}

func (c *council) client() meetingv1connect.MeetingServiceClient {
	return client(c.chamber.people["organiser"])
}

// save saves what the organiser has changed in the meeting.
func (c *council) save() {
	c.t.Helper()
	c.took(c.client().SaveMeeting(ctx, &meetingv1.SaveMeetingRequest{Meeting: c.m}))
}

// drill lets every custodian open his test.
func (c *council) drill() {
	c.t.Helper()
	c.took(c.client().StartDrill(ctx, &meetingv1.StartDrillRequest{Base: c.base()}))
	for i := range c.custodians {
		c.took(c.client().AnswerDrill(ctx, &meetingv1.AnswerDrillRequest{Base: c.base(), Key: c.m.Custodians[i].Key, Answer: c.answer(i)}))
	}
}

func (c *council) answer(i int) []byte {
	c.t.Helper()
	answer, err := c.custodians[i].AnswerDrill(c.m.Id, c.m.Custodians[i].Drill)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer
}

// issue issues the packages, by session.
func (c *council) issue() map[string]*meetingv1.Issued {
	c.t.Helper()
	resp, err := c.client().IssuePackage(ctx, &meetingv1.IssuePackageRequest{Base: c.base()})
	if err != nil {
		c.t.Fatal(err)
	}
	c.m = resp.Meeting
	all := map[string]*meetingv1.Issued{}
	for _, p := range resp.Packages {
		all[p.Name] = p
	}
	return all
}

// room is a hub in memory that holds a package's session.
func (c *council) room(pkg []byte, store ballot.Store) *ballottest.Room {
	c.t.Helper()
	server, err := ballot.ServerOf(pkg, c.h.Server.Keys.Publics())
	if err != nil {
		c.t.Fatal(err)
	}
	private, ok := c.h.Server.Keys.Private(server)
	if !ok {
		c.t.Fatal("no such key")
	}
	r := &ballottest.Room{
		T: c.t, Bytes: pkg, ID: ballot.IDOf(pkg), Server: ballot.Key{Role: ballot.RoleServer, Private: private}, Hub: c.hub, Spare: c.spare, Staff: c.staff, Chair: c.chair,
		Supervisor: c.supervisor, Custodians: c.custodians, Epoch: 1, Columns: map[string][]byte{}, Own: map[string][]byte{},
	}
	if r.Package, _, err = ballot.OpenPackage(pkg, server); err != nil {
		c.t.Fatal(err)
	}
	if r.Session, err = ballot.Begin(ctx, store, pkg, server, c.hub); err != nil {
		c.t.Fatal(err)
	}
	for i, e := range r.Package.Experts {
		r.Voters = append(r.Voters, &ballot.Voter{Package: r.Package, PackageID: r.ID, Expert: e.ID, Key: ballottest.Key(ballot.RoleExpert, byte(100+i)), Device: "laptop", Random: rand.Reader})
	}
	return r
}

// vote lets everybody of a room vote for those of its applicants whom yes names, and finishes the round.
func (c *council) vote(r *ballottest.Room, round string, yes func(i int) bool) {
	c.t.Helper()
	r.Open(round)
	for _, v := range r.Voters {
		b := &ballot.Ballot{}
		for i := range r.Package.Applicants {
			cell := byte(ballot.Oppose)
			if yes(i) {
				cell = ballot.Agree
			}
			b.Votes = append(b.Votes, cell)
		}
		r.VoteNext(v, round, b)
	}
	r.Finish(round, "1,2", 0, 1)
}

// derive imports the records of the first rounds into a plenary.
func (c *council) derive(r *ballottest.Room, files ...[]byte) {
	c.t.Helper()
	var firsts []*ballot.Verified
	for _, f := range files {
		v, err := ballot.Verify(f, r.Server.Public())
		if err != nil {
			c.t.Fatal(err)
		}
		firsts = append(firsts, v)
	}
	d, err := ballot.DeriveOf(r.Package, r.ID, firsts, r.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	r.Append(d.Sign(r.Staff, r.Chair))
	r.Session.View(func(s *ballot.State) {
		r.Package = s.Package
		for _, v := range r.Voters {
			v.Package, v.PackageID = s.Package, s.Binding()
		}
	})
}

// handOver hands records over.
func (c *council) handOver(records ...[]byte) (*meetingv1.HandOverResponse, error) {
	return c.client().HandOver(ctx, &meetingv1.HandOverRequest{Base: c.base(), Records: records})
}

// handed hands records over that must be taken.
func (c *council) handed(records ...[]byte) *meetingv1.HandOverResponse {
	c.t.Helper()
	resp, err := c.handOver(records...)
	if err != nil {
		c.t.Fatal(err)
	}
	c.m = resp.Meeting
	return resp
}

// application reads the nth applicant.
func (c *council) application(i int) (a *applicationv1.Application) {
	c.t.Helper()
	if err := c.h.Server.DB.Read(ctx, func(tx *db.Tx) (err error) {
		a, err = application.Applications.Find(ctx, tx, c.people[i])
		return err
	}); err != nil {
		c.t.Fatal(err)
	}
	return a
}

// states are the applicants' states, as one sign each: q qualified, m in the meeting, + passed, - failed.
func (c *council) states() (s string) {
	c.t.Helper()
	signs := map[applicationv1.State]string{
		applicationv1.State_STATE_QUALIFIED: "q", applicationv1.State_STATE_IN_MEETING: "m", applicationv1.State_STATE_PASSED: "+", applicationv1.State_STATE_FAILED: "-",
	}
	for i := range c.people {
		s += signs[c.application(i).State]
	}
	return s
}

// archived checks the server's word on a room's log and lets the hub take it.
func (c *council) archived(r *ballottest.Room, resp *meetingv1.HandOverResponse) {
	c.t.Helper()
	for _, a := range resp.Archives {
		if a.SessionId == r.Package.Session {
			r.Append(a.Archive, nil)
			r.Session.View(func(s *ballot.State) {
				if s.Archived == nil || s.Rounds[s.Order[len(s.Order)-1]].State != ballot.RoundArchived {
					c.t.Error("the hub does not take the server's word")
				}
			})
			return
		}
	}
	c.t.Error("the server says nothing of session", r.Package.Session)
}

// employ changes where an expert works, past the services.
func (c *council) employ(expertID, unit string) {
	c.t.Helper()
	if _, err := command.Run(ctx, c.h.Server.Run, &meetingv1.GetMeetingRequest{}, func(tx *command.Tx) (*meetingv1.GetMeetingResponse, error) {
		e, err := expert.Experts.Find(ctx, tx.Tx, expertID)
		if err != nil {
			return nil, err
		}
		e.WorkUnit = unit
		return &meetingv1.GetMeetingResponse{}, expert.Experts.Put(ctx, tx, e)
	}); err != nil {
		c.t.Fatal(err)
	}
}

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// key is a custodian's key as the meeting carries it.
func key(s *ballot.Secret) string { return meeting.CustodianKey(s.Public()) }
