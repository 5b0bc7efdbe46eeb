package room_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"testing"

	"zhiping/desktop/room"
	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/proto/gen/zhiping/meeting/v1/meetingv1connect"
	"zhiping/proto/gen/zhiping/room/v1/roomv1connect"
	"zhiping/server/activity"
	"zhiping/server/application"
	"zhiping/server/command"
	"zhiping/server/committee"
	"zhiping/server/expert"
	"zhiping/server/meeting"
	"zhiping/server/record"
	"zhiping/server/servertest"
	"zhiping/shared/ballot"
	"zhiping/shared/catalog"
)

// put writes a record past the services.
func put[M record.Message](t *testing.T, s *servertest.House, k *record.Kind[M], m M) {
	t.Helper()
	if _, err := command.Run(ctx, s.Server.Run, &meetingv1.GetMeetingRequest{}, func(tx *command.Tx) (*meetingv1.GetMeetingResponse, error) {
		return &meetingv1.GetMeetingResponse{}, k.Put(ctx, tx, m)
	}); err != nil {
		t.Fatal(err)
	}
}

// convened is a meeting of three experts on two people at the real server, which nobody has prepared a hub for; its keys are those of the house.
func convened(t *testing.T, s *servertest.House, h *house, staff string) (*meetingv1.Meeting, meetingv1connect.MeetingServiceClient, *servertest.Client) {
	t.Helper()
	rules, err := catalog.RulesOn("2026-05-20")
	h.must(err)
	a := &activityv1.Activity{Id: servertest.NewID(), Name: "示例评审（虚构）", UnitId: s.Top.Id, CommitteeId: servertest.NewID(), RulesSha256: rules.SHA256, Published: true}
	put(t, s, activity.Activities, a)
	put(t, s, committee.Committees, &committeev1.Committee{Id: a.CommitteeId, Name: "示例评委会（虚构）", UnitId: s.Top.Id, FiledOn: "2025-05-20", ValidUntil: "2028-05-20"})
	m := &meetingv1.Meeting{
		Id: servertest.NewID(), Name: "示例会议（虚构）", HeldOn: "2026-05-20", Place: "线上", UnitId: s.Top.Id, CommitteeId: a.CommitteeId, CommitteeName: "示例评委会（虚构）", ActivityId: a.Id, RulesSha256: rules.SHA256,
		State: meetingv1.State_STATE_CONFIRMED, StaffKeys: []string{staff}, ChairKey: h.chair.Public(), SupervisorKey: h.supervisor.Public(), PanelSize: 3,
	}
	for i := range 3 {
		e := &expertv1.Expert{Id: servertest.NewID(), Name: fmt.Sprint("专家", i+1), UnitId: s.Top.Id, CommitteeId: a.CommitteeId, PersonId: servertest.NewID()}
		put(t, s, expert.Experts, e)
		m.Panel = append(m.Panel, &meetingv1.Seat{ExpertId: e.Id, Name: e.Name, Confirmed: true, Chair: i == 0, Executive: i == 0})
	}
	for i := range 2 {
		x := &applicationv1.Application{
			Id: servertest.NewID(), ActivityId: a.Id, CommitteeId: a.CommitteeId, CommitteeUnitId: s.Top.Id, UnitId: servertest.NewID(), PersonId: servertest.NewID(), Name: fmt.Sprintf("申报人%d（虚构）", i+1),
			WorkUnit: "示例单位（虚构）", State: applicationv1.State_STATE_QUALIFIED,
		}
		put(t, s, application.Applications, x)
		m.ApplicationIds = append(m.ApplicationIds, x.Id)
	}
	for _, c := range h.model.Custodians {
		k := c.Public()
		m.Custodians = append(m.Custodians, &meetingv1.Custodian{Name: k.Name, Role: k.Role, Key: k.SignKey + ":" + hex.EncodeToString(k.SealKey)})
	}
	put(t, s, meeting.Meetings, m)
	top := s.SignIn("topadmin")
	c := meetingv1connect.NewMeetingServiceClient(top.HTTP, top.URL, top.Options...)
	base := func() *commonv1.Base { return &commonv1.Base{Id: m.Id, Revision: m.Revision} }
	started, err := c.StartDrill(ctx, &meetingv1.StartDrillRequest{Base: base()})
	h.must(err)
	m = started.Meeting
	for i, k := range h.model.Custodians {
		answer, err := k.AnswerDrill(m.Id, m.Custodians[i].Drill)
		h.must(err)
		answered, err := c.AnswerDrill(ctx, &meetingv1.AnswerDrillRequest{Base: base(), Key: m.Custodians[i].Key, Answer: answer})
		h.must(err)
		m = answered.Meeting
	}
	issued, err := c.IssuePackage(ctx, &meetingv1.IssuePackageRequest{Base: base()})
	h.must(err)
	h.pkg = issued.Package
	return issued.Meeting, c, top
}

// The real booths, staff's real desk and the real server, which sequences: check-ins wait for staff, ballots are receipted, the round is counted by the
// separate process on staff's laptop, and the hand-over needs no file (voting.md, transports: online).
func TestCentralServer(t *testing.T) {
	servertest.Each(t, func(t *testing.T, s *servertest.House) {
		h := newHouse(t, 3, nil)
		key := s.Server.Keys.PublicHex()
		laptop, err := room.OpenHub(ctx, h.dir, key, h.now)
		h.must(err)
		t.Cleanup(func() { laptop.Close() })
		laptop.Teller = []string{os.Args[0], tallyArgument}
		_, staff, _ := laptop.Keys()
		m, meetings, top := convened(t, s, h, staff)
		code := m.Sessions[0].Lease.Pairing
		header := room.Paired(code)
		d, err := laptop.Connect(ctx, h.pkg, roomv1connect.NewDeskServiceClient(top.HTTP, top.URL, top.Options...), roomv1connect.NewRoomServiceClient(top.HTTP, top.URL, append(top.Options, header)...))
		h.must(err)
		a := &hall{house: h, hub: laptop, desk: d}
		booths := map[string]*room.Booth{}
		for _, seat := range m.Panel {
			b, err := room.OpenBooth(ctx, room.BoothOptions{Dir: t.TempDir(), Address: s.URL, Pairing: code, Online: true, Server: key, Now: h.now})
			h.must(err)
			t.Cleanup(func() { b.Close() })
			if err := b.CheckIn(ctx, seat.ExpertId, d.Codes()[seat.ExpertId], "123456"); err != room.ErrPending {
				t.Fatal("checked in without staff:", err)
			}
			booths[seat.ExpertId] = b
		}
		h.must(d.Refresh(ctx))
		// Staff's laptop is closed and opened again: it begins no log of its own beside the server's.
		h.must(laptop.Close())
		laptop, err = room.OpenHub(ctx, h.dir, key, h.now)
		h.must(err)
		t.Cleanup(func() { laptop.Close() })
		laptop.Teller = []string{os.Args[0], tallyArgument}
		if len(laptop.Rooms) != 0 {
			t.Fatal("a meeting that the server holds was opened as a hub's own")
		}
		d, err = laptop.Connect(ctx, h.pkg, roomv1connect.NewDeskServiceClient(top.HTTP, top.URL, top.Options...), roomv1connect.NewRoomServiceClient(top.HTTP, top.URL, append(top.Options, header)...))
		h.must(err)
		a = &hall{house: h, hub: laptop, desk: d}
		h.must(d.Refresh(ctx))
		board, err := d.Board()
		h.must(err)
		if len(board.Pending) != 3 || board.Sequencer != "中心服务器" {
			t.Fatalf("%+v", board)
		}
		for _, p := range board.Pending {
			h.must(d.Admit(ctx, p))
		}
		h.must(d.OpenRound(ctx, "R1"))
		for e, b := range booths {
			if open, err := b.WaitOpen(ctx, "R1"); err != nil || !open {
				t.Fatal(e, open, err)
			}
			sent, err := b.Submit(ctx, "R1", &ballot.Ballot{Votes: []byte{ballot.Agree, ballot.Oppose}})
			for err == nil && sent.Pending {
				if err = b.Deliver(ctx); err == nil {
					sent, err = b.Sent(ctx, "R1")
				}
			}
			if err != nil || sent.Receipt == nil || sent.Receipt.Reason != "" {
				t.Fatal(e, sent, err)
			}
		}
		h.must(d.Refresh(ctx))
		exceptions, err := d.Exceptions("R1")
		h.must(err)
		h.must(d.CloseWith(ctx, "R1", exceptions, a.chair)) // laptops' words may be on their way meanwhile: the close is of how it stands
		a.openBy("R1")
		h.must(d.Tally(ctx, "R1", a.keyFile(0), a.keyFile(2)))
		h.must(d.SignOff(ctx, "R1", "1", a.chair, a.supervisor))
		resp, err := meetings.HandOver(ctx, &meetingv1.HandOverRequest{Base: &commonv1.Base{Id: m.Id, Revision: m.Revision}})
		h.must(err)
		if resp.Meeting.State != meetingv1.State_STATE_HELD || len(resp.Archives) != 1 {
			t.Fatal(resp)
		}
		for board.Archived = false; !board.Archived; { // the copy follows by itself
			grown := d.Grown()
			board, err = d.Board()
			h.must(err)
			if board.Archived {
				break
			}
			select {
			case <-grown:
			case <-t.Context().Done():
				t.Fatalf("%+v", board)
			}
		}
		for e, b := range booths {
			answer, err := meetings.GetArchive(ctx, &meetingv1.GetArchiveRequest{Session: d.Session})
			h.must(err)
			h.must(b.Archive(ctx, answer.Archive))
			v, err := b.Watch(ctx, 0)
			if err != nil || !v.Archived {
				t.Fatal(e, v, err)
			}
			h.must(b.Wipe(ctx))
		}
	})
}
