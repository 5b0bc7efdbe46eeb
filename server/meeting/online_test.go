package meeting_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/mod/sumdb/tlog"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/proto/gen/zhiping/room/v1/roomv1connect"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/room"
	"zhiping/server/servertest"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/db/dbtest"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

// online is a meeting that the server sequences, as staff's laptop sees it: a copy of the log, and everybody's keys.
type online struct {
	*ballottest.Room // keys and people; its session is a memory of its own
	c                *council
	rooms            roomv1connect.RoomServiceClient
	desk             roomv1connect.DeskServiceClient
	state            *ballot.State
	log              [][]byte
}

// pairing adds a pairing code to the calls of a booth, and reads what comes back.
func pairing(code string) connect.ClientOption {
	return connect.WithInterceptors(connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			req.Header().Set(room.PairingHeader, code)
			resp, err := next(ctx, req)
			return resp, wire.Decode(ctx, err)
		}
	}))
}

func booth(h *servertest.House, code string) roomv1connect.RoomServiceClient {
	return roomv1connect.NewRoomServiceClient(h.Nobody().HTTP, h.URL, pairing(code))
}

func desk(c *servertest.Client) roomv1connect.DeskServiceClient {
	return roomv1connect.NewDeskServiceClient(c.HTTP, c.URL, c.Options...)
}

// online issues the meeting without a hub, with the spare prepared, and opens its session.
func (c *council) online() *online {
	c.t.Helper()
	c.m.HubKey, c.m.SpareKey = "", c.spare.Public()
	c.save()
	c.drill()
	issued := c.issue()["全体会议"]
	if len(issued.Pairing) != 10 || c.m.Sessions[0].Lease.Holder != meetingv1.Holder_HOLDER_SERVER || c.m.Sessions[0].Lease.Pairing != issued.Pairing {
		c.t.Fatal("the server does not hold the lease:", issued.Pairing, c.m.Sessions[0].Lease)
	}
	o := &online{c: c, rooms: booth(c.h, issued.Pairing), desk: desk(c.chamber.people["organiser"])}
	hub := c.hub
	c.hub = ballot.Key{Role: ballot.RoleHub, Private: c.h.Server.Keys.Sequencer()}
	o.Room = c.room(issued.Package, &ballot.Memory{})
	c.hub = hub
	var err error
	if o.state, err = ballot.NewState(o.Package, o.ID); err != nil {
		c.t.Fatal(err)
	}
	o.pull()
	return o
}

// pull follows the server's log.
func (o *online) pull() {
	o.T.Helper()
	resp, err := o.desk.GetLog(ctx, &roomv1.GetLogRequest{Session: o.Package.Session, From: int64(len(o.log))})
	if err != nil {
		o.T.Fatal(err)
	}
	for _, x := range resp.Objects {
		if err := o.state.Apply(x); err != nil {
			o.T.Fatal(err)
		}
		o.log = append(o.log, x)
	}
}

// add lets staff's laptop append an object that must be taken.
func (o *online) add(object []byte, err error) {
	o.T.Helper()
	if err == nil {
		_, err = o.desk.Append(ctx, &roomv1.AppendRequest{Session: o.Package.Session, Object: object})
	}
	if err != nil {
		o.T.Fatal(err)
	}
	o.pull()
}

// checkIn lets an expert check in, and staff admit him.
func (o *online) checkIn(v *ballot.Voter) {
	o.T.Helper()
	half, err := v.CheckIn("123456", o.Now())
	if err != nil {
		o.T.Fatal(err)
	}
	resp, err := o.rooms.CheckIn(ctx, &roomv1.CheckInRequest{Object: half})
	if err != nil || !resp.Pending {
		o.T.Fatal("checked in without staff:", resp, err)
	}
	waiting, err := o.desk.ListPending(ctx, &roomv1.ListPendingRequest{Session: o.Package.Session})
	if err != nil || len(waiting.Objects) != 1 {
		o.T.Fatal(waiting, err)
	}
	o.add(ballot.Countersign(waiting.Objects[0], o.Staff))
	o.add(o.state.AttendOf(v.Expert, ballot.Present, "", o.Now()).Sign(o.Staff))
}

func (o *online) open(round string) {
	o.T.Helper()
	open, err := o.state.OpenOf(round, "", o.Now())
	if err != nil {
		o.T.Fatal(err)
	}
	o.add(open.Sign(o.Staff))
}

// submit seals a ballot and hands it in over a client.
func (o *online) submit(rooms roomv1connect.RoomServiceClient, v *ballot.Voter, round string, b *ballot.Ballot) (*ballot.Envelope, error) {
	e, err := v.Seal(round, b, 1)
	if err != nil {
		return nil, err
	}
	resp, err := rooms.Submit(ctx, &roomv1.SubmitRequest{Session: o.Package.Session, Object: e.Raw})
	if err != nil {
		return nil, err
	}
	_, err = ballot.CheckReceipt(resp.Receipt, e.Raw, o.Package)
	return e, err
}

// finish closes, opens, counts and signs a round.
func (o *online) finish(round string) {
	o.T.Helper()
	closed, err := o.state.CloseOf(round, o.Now())
	if err != nil {
		o.T.Fatal(err)
	}
	o.add(closed.Sign(o.Staff, o.Chair))
	id := o.state.Rounds[round].CloseID
	for _, k := range o.Custodians[:2] {
		o.add((&ballot.Opening{Session: o.Package.Session, Close: id[:], Pair: "1,2", At: o.Now()}).Sign(k.Sign))
	}
	columns, _, err := ballot.Unseal(o.state, round, o.Custodians[0], o.Custodians[1])
	if err != nil {
		o.T.Fatal(err)
	}
	if _, err := o.desk.Count(ctx, &roomv1.CountRequest{Session: o.Package.Session, Round: round, Columns: append([]byte{}, columns[:len(columns)-2]...)}); err == nil {
		o.T.Fatal("wrong columns were counted")
	}
	if _, err := o.desk.Count(ctx, &roomv1.CountRequest{Session: o.Package.Session, Round: round, Columns: columns}); err != nil {
		o.T.Fatal(err)
	}
	o.pull()
	o.Columns[round] = columns
	root, _ := o.state.RootAt(o.state.Size())
	tally := o.state.Rounds[round].TallyID
	o.add((&ballot.SignOff{Session: o.Package.Session, Tally: tally[:], Size: o.state.Size(), Root: root[:], Sheet: "1", At: o.Now()}).Sign(o.Chair, o.Supervisor))
}

// The server sequences a meeting that no hub laptop holds: booths with the pairing code, staff's laptop with its session; the hand-over needs no file, and
// booths get the server's word with the proof that it is about the log they have seen.
func TestOnline(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newCouncil(t, h, 2)
		o := c.online()
		o.strangers(h)
		for _, v := range o.Voters {
			o.checkIn(v)
		}
		o.opinion()
		o.open("R1")
		size := o.state.Size()
		for i, v := range o.Voters {
			e, err := o.submit(o.rooms, v, "R1", &ballot.Ballot{Votes: []byte{ballot.Agree, []byte{ballot.Agree, ballot.Oppose}[i%2]}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := o.rooms.Submit(ctx, &roomv1.SubmitRequest{Session: o.Package.Session, Object: e.Raw}); err != nil { // again changes nothing
				t.Fatal(err)
			}
		}
		status, err := o.rooms.GetStatus(ctx, &roomv1.GetStatusRequest{Expert: o.Voters[0].Expert})
		if err != nil || status.Size != size+10 || len(status.Rounds[0].Submitted) != 10 || status.Own.Ballots[0].Version != 1 {
			t.Fatal(status, err)
		}
		seen, err := ballot.OpenCheckpoint(status.Checkpoint, o.Package.Hub)
		if err != nil {
			t.Fatal(err)
		}
		o.pull()
		_, err = c.handOver()
		c.refused(err, fault.State, "尚未由执行主任和监督人员签字")
		_, err = c.client().GetArchive(ctx, &meetingv1.GetArchiveRequest{Session: o.Package.Session})
		c.refused(err, fault.State, "尚未确认归档")
		o.finish("R1")
		resp := c.handed()
		equal(t, "states", c.states(), "+-")
		if c.m.Sessions[0].Record == nil || len(resp.Archives) != 1 || c.m.Sessions[0].Lease.Holder != meetingv1.Holder_HOLDER_RETURNED {
			t.Fatal(resp.Archives, c.m.Sessions[0])
		}
		o.pull()
		if o.state.Archived == nil || o.state.Rounds["R1"].State != ballot.RoundArchived {
			t.Fatal("the server's word does not stand in its log")
		}
		o.tick(seen)
		o.add((&ballot.Wipe{Session: o.Package.Session, Expert: o.Voters[0].Expert, Device: "laptop", At: o.Now()}).Sign(o.Voters[0].Key))
	})
}

// opinion has a reviewer write, and everybody with the pairing code read it as it was signed, with the check-in that says whose it is.
func (o *online) opinion() {
	o.T.Helper()
	v, applicant, role := o.Voters[0], o.Package.Applicants[0].ID, ballot.Main
	for _, r := range o.Package.Reviewers {
		for _, x := range o.Voters {
			if x.Expert == r.Expert {
				v, applicant, role = x, r.Applicant, r.Role
			}
		}
	}
	object, err := ballot.NewOpinion(o.Package.Session, applicant, v.Expert, role, "同意推荐。", o.Now()).Sign(v.Key)
	if err != nil {
		o.T.Fatal(err)
	}
	if _, err := o.rooms.Submit(ctx, &roomv1.SubmitRequest{Session: o.Package.Session, Object: object}); err != nil {
		o.T.Fatal(err)
	}
	resp, err := o.rooms.ListOpinions(ctx, &roomv1.ListOpinionsRequest{})
	if err != nil || resp.Next != 0 || len(resp.Objects) != 2 || ballot.KindOf(resp.Objects[0]) != "zp-checkin/1" || !bytes.Equal(resp.Objects[1], object) {
		o.T.Fatal(resp, err)
	}
	o.pull()
}

// tick is what a booth does for its third tick: the archive is the server's, and of a log that begins with what the booth has seen.
func (o *online) tick(seen ballot.Head) {
	o.T.Helper()
	resp, err := o.c.client().GetArchive(ctx, &meetingv1.GetArchiveRequest{Session: o.Package.Session, Seen: seen.Size})
	if err != nil {
		o.T.Fatal(err)
	}
	var proof tlog.TreeProof
	for _, h := range resp.Proof {
		proof = append(proof, tlog.Hash(h))
	}
	var root tlog.Hash
	copy(root[:], o.state.Archived.Root)
	if string(resp.Archive) != string(o.log[len(o.log)-1]) {
		o.T.Fatal("another archive than in the log")
	}
	if err := tlog.CheckTree(proof, o.state.Archived.Size, root, seen.Size, seen.Root); err != nil {
		o.T.Fatal(err)
	}
	_, err = o.c.client().GetArchive(ctx, &meetingv1.GetArchiveRequest{Session: o.Package.Session, Seen: 1000})
	o.c.refused(err, fault.State, "请保留本机数据")
}

// strangers: without the pairing code, with a wrong one, or as staff of another unit nobody gets anywhere, and who guesses has to wait.
func (o *online) strangers(h *servertest.House) {
	o.T.Helper()
	for _, code := range []string{"", "0000000000", "123456"} {
		_, err := booth(h, code).ListSessions(ctx, &roomv1.ListSessionsRequest{})
		o.c.refused(err, fault.Denied, "配对码不正确")
	}
	_, err := booth(h, "123456").ListOpinions(ctx, &roomv1.ListOpinionsRequest{})
	o.c.refused(err, fault.Denied, "配对码不正确")
	top := h.SignIn("topadmin")
	if _, err := unitv1connect.NewUnitServiceClient(top.HTTP, top.URL, top.Options...).CreateUnit(ctx, &unitv1.CreateUnitRequest{
		Unit: h.NewUnit("另一人社局（虚构）", commonv1.UnitKind_UNIT_KIND_HR), Handlers: []*unitv1.NewStaff{servertest.NewStaff("stranger")},
	}); err != nil {
		o.T.Fatal(err)
	}
	other := desk(h.SignIn("stranger"))
	for name, err := range map[string]error{
		"log":     second(other.GetLog(ctx, &roomv1.GetLogRequest{Session: o.Package.Session})),
		"append":  second(other.Append(ctx, &roomv1.AppendRequest{Session: o.Package.Session, Object: []byte("object")})),
		"pending": second(other.ListPending(ctx, &roomv1.ListPendingRequest{Session: o.Package.Session})),
		"count":   second(other.Count(ctx, &roomv1.CountRequest{Session: o.Package.Session, Round: "R1", Columns: []byte("columns")})),
		"no one":  second(roomv1connect.NewDeskServiceClient(h.Nobody().HTTP, h.URL, h.Nobody().Options...).GetLog(ctx, &roomv1.GetLogRequest{Session: o.Package.Session})),
	} {
		if code := fault.CodeOf(err); code != fault.NotFound && code != fault.Denied {
			o.c.t.Errorf("%s by a stranger: %v", name, err)
		}
	}
	for range 20 {
		if _, err := booth(h, "9999999999").ListSessions(ctx, &roomv1.ListSessionsRequest{}); err == nil {
			o.T.Fatal("a guess was let in")
		}
	}
	_, err = o.rooms.ListSessions(ctx, &roomv1.ListSessionsRequest{})
	o.c.refused(err, fault.Denied, "输错次数过多")
	h.Advance(11 * time.Minute)
	all, err := o.rooms.ListSessions(ctx, &roomv1.ListSessionsRequest{})
	if err != nil || len(all.Sessions) != 1 || all.Sessions[0].Session != o.Package.Session {
		o.T.Fatal(all, err)
	}
}

func second[T any](_ T, err error) error { return err }

// Two servers on one PostgreSQL: whatever booths ask which of them, each ballot stands once in one log that both show, and none is lost (V11).
func TestTwoServersOneLog(t *testing.T) {
	url := dbtest.PostgresURL(t)
	h := servertest.Start(t, url)
	twin := servertest.Join(t, h, url)
	c := newCouncil(t, h, 2)
	o := c.online()
	code := c.m.Sessions[0].Lease.Pairing
	both := []roomv1connect.RoomServiceClient{booth(h, code), booth(twin, code)}
	o.rooms = both[1] // experts check in at one server, staff sits at the other
	for _, v := range o.Voters {
		o.checkIn(v)
	}
	o.open("R1")
	size := o.state.Size()
	grown := make(chan error, 1)
	go func() { // somebody waits at the second server
		for known := size; ; {
			resp, err := both[1].GetStatus(ctx, &roomv1.GetStatusRequest{After: known})
			if err == nil && resp.Size <= known {
				err = fmt.Errorf("told that the log has %d objects, %d were known", resp.Size, known)
			}
			if err != nil || resp.Size == size+10 {
				grown <- err
				return
			}
			known = resp.Size
		}
	}()
	var group sync.WaitGroup
	for i, v := range o.Voters {
		group.Go(func() {
			e, err := o.submit(both[i%2], v, "R1", o.Ballot(ballot.Agree))
			if err != nil {
				t.Error(i, err)
				return
			}
			if _, err := both[(i+1)%2].Submit(ctx, &roomv1.SubmitRequest{Object: e.Raw}); err != nil { // the other way too
				t.Error(i, err)
			}
		})
	}
	group.Wait()
	if err := <-grown; err != nil {
		t.Error("who waits at the other server:", err)
	}
	for i, x := range both {
		status, err := x.GetStatus(ctx, &roomv1.GetStatusRequest{})
		if err != nil || status.Size != size+10 || len(status.Rounds[0].Submitted) != 10 {
			t.Fatal("server", i, status, err)
		}
	}
	o.pull()
	o.desk = desk(twin.SignIn("topadmin"))
	o.finish("R1")
	c.handed()
	equal(t, "states", c.states(), "++")
}

// A hub laptop takes over from the server in the middle: the server writes nothing more, the hub goes on with the same log, and its record is taken
// because it begins with what the server has.
func TestTakeLease(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newCouncil(t, h, 2)
		o := c.online()
		o.begin(4)
		hub := o.taken(c.spare)
		o.lent()
		for _, v := range o.Voters[4:] {
			if _, err := o.submit(o.rooms, v, "R1", o.Ballot(ballot.Agree)); fault.CodeOf(err) != fault.State || !strings.Contains(err.Error(), "会场主机控制") {
				t.Fatal("the server took a ballot without the lease:", err)
			}
			hub.VoteNext(v, "R1", o.Ballot(ballot.Agree))
		}
		_, err := c.handOver()
		c.refused(err, fault.Invalid, "缺少会场“全体会议”的会议记录")
		hub.Finish("R1", "1,2", 0, 1)
		resp := c.handed(hub.Record())
		equal(t, "states", c.states(), "++")
		c.archived(hub, resp)
		if len(c.m.Alarms) > 0 {
			t.Error(c.m.Alarms)
		}
	})
}

// begin checks everybody in and lets the first n vote.
func (o *online) begin(n int) {
	o.T.Helper()
	for _, v := range o.Voters {
		o.checkIn(v)
	}
	o.open("R1")
	for _, v := range o.Voters[:n] {
		if _, err := o.submit(o.rooms, v, "R1", o.Ballot(ballot.Agree)); err != nil {
			o.T.Fatal(err)
		}
	}
	o.pull()
}

// taken lets a hub take the lease and go on with the log that the server gives it.
func (o *online) taken(key ballot.Key) *ballottest.Room {
	o.T.Helper()
	resp, err := o.c.client().TakeLease(ctx, &meetingv1.TakeLeaseRequest{Base: o.c.base(), SessionId: o.Package.Session, HubKey: key.Public(), Reason: "会场断网，改由会场主机主持"})
	if err != nil {
		o.T.Fatal(err)
	}
	o.c.m = resp.Meeting
	if l := o.c.m.Sessions[0].Lease; l.Holder != meetingv1.Holder_HOLDER_HUB || l.HubKey != key.Public() || l.Epoch != 2 || l.Pairing != "" {
		o.T.Fatal(l)
	}
	e, err := ballot.ParseEvidence(resp.Record)
	if err != nil {
		o.T.Fatal(err)
	}
	hub := o.hub(key)
	if err := hub.Session.Follow(ctx, 1, e.Log[1:], e.Checkpoint, nil); err != nil {
		o.T.Fatal(err)
	}
	hub.Append(resp.Epoch, nil)
	return hub
}

// hub is a laptop with the package and nothing else.
func (o *online) hub(key ballot.Key) *ballottest.Room {
	o.T.Helper()
	hub := *o.Room
	hub.Hub, hub.Columns = key, map[string][]byte{}
	var err error
	if hub.Session, err = ballot.Begin(ctx, &ballot.Memory{}, o.Bytes, o.Server.Public(), key); err != nil {
		o.T.Fatal(err)
	}
	return &hub
}

// lent: while a hub has the lease the server takes nothing, gives it to nobody else, and booths are sent to the hub.
func (o *online) lent() {
	o.T.Helper()
	object, err := o.state.AttendOf(o.Voters[9].Expert, ballot.Left, "身体不适", o.Now()).Sign(o.Staff, o.Chair, o.Supervisor)
	if err != nil {
		o.T.Fatal(err)
	}
	_, err = o.desk.Append(ctx, &roomv1.AppendRequest{Session: o.Package.Session, Object: object})
	o.c.refused(err, fault.State, "会场主机控制")
	_, err = o.rooms.GetStatus(ctx, &roomv1.GetStatusRequest{})
	o.c.refused(err, fault.State, "请连接会场主机")
	_, err = o.rooms.ListSessions(ctx, &roomv1.ListSessionsRequest{})
	o.c.refused(err, fault.State, "请连接会场主机")
	_, err = o.c.client().TakeLease(ctx, &meetingv1.TakeLeaseRequest{Base: o.c.base(), SessionId: o.Package.Session, HubKey: o.c.hub.Public(), Reason: "再换一台"})
	o.c.refused(err, fault.State, "会场主机控制")
	o.c.m.Place = "另一会议室"
	_, err = o.c.client().SaveMeeting(ctx, &meetingv1.SaveMeetingRequest{Meeting: o.c.m})
	o.c.refused(err, fault.State, "会议包已签发，不能修改")
}

// The spare takes over by the word of chair and staff, without the server and without its log: what the server had receipted and the hub does not have
// is an alarm, and somebody has to look into it before the record is taken. Nothing is merged.
func TestSpareWithoutTheServersLog(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newCouncil(t, h, 2)
		o := c.online()
		o.begin(3)
		status, err := o.rooms.GetStatus(ctx, &roomv1.GetStatusRequest{})
		if err != nil {
			t.Fatal(err)
		}
		hub := o.hub(c.spare)
		hub.Append((&ballot.Epoch{Session: hub.Package.Session, Epoch: 2, Hub: c.spare.Public(), From: status.Checkpoint, Reason: "断网", At: hub.Now()}).Sign(hub.Chair, hub.Staff))
		hub.CheckIn(10)
		hub.Open("R1")
		for _, v := range hub.Voters[1:] { // the first does not come again
			hub.VoteNext(v, "R1", hub.Ballot(ballot.Agree))
		}
		hub.Finish("R1", "1,2", 0, 1)
		_, err = c.handOver(hub.Record())
		c.refused(err, fault.State, "第1任主机已回执专家"+hub.Voters[0].Expert)
		equal(t, "states", c.states(), "mm")
		resp, err := c.client().HandOver(ctx, &meetingv1.HandOverRequest{Base: c.base(), Record: hub.Record(), AlarmsSeen: true})
		if err != nil {
			t.Fatal(err)
		}
		c.m = resp.Meeting
		equal(t, "states", c.states(), "++")
		if c.application(0).Result.Agree != 9 || len(c.m.Alarms) == 0 {
			t.Error(c.application(0).Result, c.m.Alarms)
		}
		c.archived(hub, resp)
		if _, err := o.submit(o.rooms, o.Voters[5], "R1", o.Ballot(ballot.Agree)); err == nil {
			t.Error("the server still takes ballots")
		}
	})
}
