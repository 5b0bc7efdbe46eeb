package serve_test

import (
	"crypto/sha256"
	"strings"
	"sync"
	"testing"
	"time"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/proto/gen/zhiping/session/v1/sessionv1connect"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/audit"
	"zhiping/server/rpc"
	"zhiping/server/servertest"
	"zhiping/shared/db"
	"zhiping/shared/fault"

	"google.golang.org/protobuf/proto"
)

func sessions(c *servertest.Client) sessionv1connect.SessionServiceClient {
	return sessionv1connect.NewSessionServiceClient(c.HTTP, c.URL, c.Options...)
}

func units(c *servertest.Client) unitv1connect.UnitServiceClient {
	return unitv1connect.NewUnitServiceClient(c.HTTP, c.URL, c.Options...)
}

// says checks that an error is a fault with this text.
func says(t *testing.T, err error, code fault.Code, text string) {
	t.Helper()
	if f := fault.As(err); f == nil || f.Code != code || !strings.Contains(f.Message, text) {
		t.Fatalf("want %s saying %q, got %v", code, text, err)
	}
}

// colleague gives the top unit another member of staff, with a first password.
func colleague(t *testing.T, h *servertest.House, account string) *unitv1.Staff {
	t.Helper()
	s := servertest.NewStaff(account)
	s.Staff.UnitId = h.Top.Id
	resp, err := units(h.SignIn("topadmin")).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: s.Staff, Password: s.Password})
	if err != nil {
		t.Fatal(err)
	}
	return resp.Staff
}

// Every failure makes the next attempt wait twice as long, the fifth in a row a quarter of an hour - for an account and for a name that
// nobody has, in the same words.
func TestFailedSignInsAreSlowedDown(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		s := sessions(h.Nobody())
		try := func(account, password string) error {
			_, err := s.SignIn(ctx, &sessionv1.SignInRequest{Account: account, Password: password})
			return err
		}
		for _, account := range []string{"topadmin", "nobody-at-all"} {
			for i, wait := range []string{"1", "2", "4", "8"} {
				says(t, try(account, "wrong"), fault.Denied, "账号或密码不正确")
				says(t, try(account, servertest.Password), fault.State, "请在 "+wait+" 秒后再试")
				h.Advance(time.Second<<i - time.Millisecond)
				says(t, try(account, servertest.Password), fault.State, "请在 1 秒后再试")
				h.Advance(time.Millisecond)
			}
			says(t, try(account, "wrong"), fault.Denied, "账号或密码不正确")
			says(t, try(account, servertest.Password), fault.Denied, "该账号已锁定，请于 09:15 后再试")
		}
		h.Advance(15 * time.Minute)
		if err := try("topadmin", servertest.Password); err != nil {
			t.Fatal("the lock does not end:", err)
		}
		says(t, try("topadmin", "wrong"), fault.Denied, "账号或密码不正确")
		says(t, try("topadmin", "wrong"), fault.State, "请在 1 秒后再试") // it began anew
		// An administrator who sets a new password takes the wait away.
		h.Advance(time.Minute)
		colleague(t, h, "clerk")
		says(t, try("clerk", "wrong"), fault.Denied, "账号或密码不正确")
		me := h.SignIn("topadmin")
		list, err := units(me).ListStaff(ctx, &unitv1.ListStaffRequest{Query: &commonv1.Query{Filters: []*commonv1.Filter{{Column: "account", Value: "clerk"}}}})
		if err != nil || len(list.Staff) != 1 {
			t.Fatal(list, err)
		}
		if _, err := units(me).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: list.Staff[0], Password: "another-password-2"}); err != nil {
			t.Fatal(err)
		}
		if err := try("clerk", "another-password-2"); err != nil {
			t.Fatal(err)
		}
	})
}

// Many attempts at once are counted one after the other: only the first is looked at.
func TestAttemptsAtOnce(t *testing.T) {
	h := servertest.Start(t, "")
	s := sessions(h.Nobody())
	var wg sync.WaitGroup
	var mu sync.Mutex
	looked := 0
	for range 12 {
		wg.Go(func() {
			_, err := s.SignIn(ctx, &sessionv1.SignInRequest{Account: "topadmin", Password: "wrong"})
			mu.Lock()
			defer mu.Unlock()
			if fault.CodeOf(err) == fault.Denied {
				looked++
			}
		})
	}
	wg.Wait()
	if looked != 1 {
		t.Errorf("%d of 12 passwords were looked at at once", looked)
	}
}

// A password that somebody else has set opens three procedures and no other, until it is changed; whoever registered a unit has chosen it
// (A6).
func TestFirstPasswordIsChanged(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		colleague(t, h, "clerk")
		first, err := sessions(h.Nobody()).SignIn(ctx, &sessionv1.SignInRequest{Account: "clerk", Password: servertest.Password})
		if err != nil || !first.Identity.MustChange {
			t.Fatal(first, err)
		}
		c := h.Holding(first)
		tried := 0
		for procedure, m := range rpc.Methods() {
			if !strings.HasPrefix(procedure, "/zhiping.") || strings.HasPrefix(procedure, "/zhiping.room.") || strings.HasSuffix(procedure, "/Watch") || m.Right == commonv1.Right_RIGHT_PUBLIC || m.BeforeChange {
				continue
			}
			tried++
			if got := call(t, h, procedure, c.Token); got != "permission_denied" {
				t.Errorf("%s before the change: %q", procedure, got)
			}
		}
		if tried < 40 {
			t.Fatalf("only %d procedures were tried", tried)
		}
		who, err := sessions(c).WhoAmI(ctx, &sessionv1.WhoAmIRequest{})
		if err != nil || !who.Identity.MustChange {
			t.Fatal(who, err)
		}
		change := func(old, next string) error {
			_, err := sessions(c).ChangePassword(ctx, &sessionv1.ChangePasswordRequest{OldPassword: old, NewPassword: next})
			return err
		}
		says(t, change(servertest.Password, servertest.Password), fault.Invalid, "不能与原密码相同")
		says(t, change(servertest.Password, "aaaaaaaaaaaa"), fault.Invalid, "字母和数字")
		says(t, change(servertest.Password, "my-clerk-password-2"), fault.Invalid, "不能包含登录账号")
		says(t, change("not-the-password-1", "another-password-2"), fault.Denied, "原密码不正确")
		says(t, change(servertest.Password, "another-password-2"), fault.State, "秒后再试")
		h.Advance(time.Second)
		if err := change(servertest.Password, "another-password-2"); err != nil {
			t.Fatal(err)
		}
		_, err = sessions(c).WhoAmI(ctx, &sessionv1.WhoAmIRequest{})
		says(t, err, fault.Denied, "登录已失效")
		again, err := sessions(h.Nobody()).SignIn(ctx, &sessionv1.SignInRequest{Account: "clerk", Password: "another-password-2"})
		if err != nil || again.Identity.MustChange {
			t.Fatal(again, err)
		}
		if _, err := units(h.Holding(again)).ListStaff(ctx, &unitv1.ListStaffRequest{Query: &commonv1.Query{}}); err != nil {
			t.Fatal(err)
		}
		u := h.NewUnit("示例单位", commonv1.UnitKind_UNIT_KIND_EMPLOYER)
		u.SuperiorId = h.Top.Id
		if _, err := units(h.Nobody()).RegisterUnit(ctx, &unitv1.RegisterUnitRequest{Unit: u, Handler: servertest.NewStaff("registered")}); err != nil {
			t.Fatal(err)
		}
		if own, err := sessions(h.Nobody()).SignIn(ctx, &sessionv1.SignInRequest{Account: "registered", Password: servertest.Password}); err != nil || own.Identity.MustChange {
			t.Error("whoever registered has chosen the password:", own, err)
		}
		if first, err := sessions(servertest.Start(t, "").Nobody()).SignIn(ctx, &sessionv1.SignInRequest{Account: "topadmin", Password: servertest.Password}); err != nil || !first.Identity.MustChange {
			t.Error("the first administrator's password stood on a command line:", first, err)
		}
	})
}

// People see where they are signed in and end it; the super-administrator does so for the unit's staff, one by one or all of a person.
func TestSessions(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		staff := colleague(t, h, "clerk")
		h.Settle("clerk")
		on := func(device string) *servertest.Client {
			resp, err := sessions(h.Nobody()).SignIn(ctx, &sessionv1.SignInRequest{Account: "clerk", Password: servertest.Password, Device: device})
			if err != nil {
				t.Fatal(err)
			}
			return h.Holding(resp)
		}
		alive := func(c *servertest.Client) bool {
			_, err := sessions(c).WhoAmI(ctx, &sessionv1.WhoAmIRequest{})
			return err == nil
		}
		office, laptop, lost := on("办公室电脑"), on("笔记本电脑"), on("丢失的电脑")
		h.Advance(6 * time.Minute)
		if !alive(office) || !alive(laptop) || !alive(lost) {
			t.Fatal("a session is over")
		}
		mine, err := sessions(office).ListOwnSessions(ctx, &sessionv1.ListOwnSessionsRequest{})
		if err != nil || len(mine.Sessions) != 3 {
			t.Fatal(mine, err)
		}
		byDevice := map[string]*sessionv1.Session{}
		for _, s := range mine.Sessions {
			byDevice[s.Device] = s
			if s.Current != (s.Device == "办公室电脑") || s.LastSeen != h.Now().UnixMilli() || s.Created != h.Now().Add(-6*time.Minute).UnixMilli() || s.Expires != s.Created+(12*time.Hour).Milliseconds() {
				t.Error(s)
			}
		}
		if _, err := sessions(office).EndOwnSession(ctx, &sessionv1.EndOwnSessionRequest{SessionId: byDevice["笔记本电脑"].Id}); err != nil {
			t.Fatal(err)
		}
		if alive(laptop) || !alive(office) || !alive(lost) {
			t.Error("not the one session was ended")
		}
		admin := h.SignIn("topadmin")
		_, err = sessions(lost).ListStaffSessions(ctx, &sessionv1.ListStaffSessionsRequest{StaffId: admin.Identity.Staff.Id})
		says(t, err, fault.Denied, "工作人员管理")
		// Another unit's administrator, the superior's too, finds nobody: neither to look at nor to end, one by one or all.
		if _, err := units(admin).CreateUnit(ctx, &unitv1.CreateUnitRequest{Unit: h.NewUnit("示例下级单位", commonv1.UnitKind_UNIT_KIND_HR), Handlers: []*unitv1.NewStaff{servertest.NewStaff("below")}}); err != nil {
			t.Fatal(err)
		}
		below := h.SignIn("below")
		for _, x := range []struct {
			by *servertest.Client
			of string
		}{{below, staff.Id}, {admin, below.Identity.Staff.Id}, {admin, servertest.NewID()}} {
			_, err = sessions(x.by).ListStaffSessions(ctx, &sessionv1.ListStaffSessionsRequest{StaffId: x.of})
			says(t, err, fault.NotFound, "工作人员不存在")
			_, err = sessions(x.by).EndStaffSessions(ctx, &sessionv1.EndStaffSessionsRequest{StaffId: x.of})
			says(t, err, fault.NotFound, "工作人员不存在")
		}
		_, err = sessions(below).EndStaffSessions(ctx, &sessionv1.EndStaffSessionsRequest{StaffId: staff.Id, SessionId: byDevice["丢失的电脑"].Id})
		says(t, err, fault.NotFound, "工作人员不存在")
		_, err = sessions(below).EndOwnSession(ctx, &sessionv1.EndOwnSessionRequest{SessionId: byDevice["丢失的电脑"].Id})
		says(t, err, fault.NotFound, "该登录已结束")
		if !alive(lost) || !alive(below) {
			t.Error("somebody else's session was ended")
		}
		seen, err := sessions(admin).ListStaffSessions(ctx, &sessionv1.ListStaffSessionsRequest{StaffId: staff.Id})
		if err != nil || len(seen.Sessions) != 2 || seen.Sessions[0].Current || seen.Sessions[1].Current {
			t.Fatal(seen, err)
		}
		if _, err := sessions(admin).EndStaffSessions(ctx, &sessionv1.EndStaffSessionsRequest{StaffId: staff.Id, SessionId: byDevice["丢失的电脑"].Id}); err != nil {
			t.Fatal(err)
		}
		_, err = sessions(admin).EndStaffSessions(ctx, &sessionv1.EndStaffSessionsRequest{StaffId: staff.Id, SessionId: byDevice["丢失的电脑"].Id})
		says(t, err, fault.NotFound, "该登录已结束")
		if alive(lost) || !alive(office) {
			t.Error("not the one session was ended")
		}
		if _, err := sessions(admin).EndStaffSessions(ctx, &sessionv1.EndStaffSessionsRequest{StaffId: staff.Id}); err != nil {
			t.Fatal(err)
		}
		if alive(office) || !alive(admin) {
			t.Error("not all of the clerk's sessions were ended, or others were")
		}
		var labels []string
		if err := h.Server.DB.Read(ctx, func(tx *db.Tx) error {
			_, err := audit.Recompute(ctx, tx, func(e *audit.Entry) error {
				if strings.Contains(e.Procedure, "Session") {
					labels = append(labels, e.Label+" "+e.Subjects[0].Kind)
				}
				return nil
			})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(labels, "，"); got != "结束本人登录 session，结束工作人员登录 session，结束工作人员登录 account" {
			t.Error("the audit trail has:", got)
		}
	})
}

// What a repeated mutation is recognised by does not tell its password: guessing at it would cost nothing.
func TestPasswordsAreNotDigested(t *testing.T) {
	h := servertest.Start(t, "")
	u := h.NewUnit("示例单位", commonv1.UnitKind_UNIT_KIND_EMPLOYER)
	r := &unitv1.CreateUnitRequest{Unit: u, Handlers: []*unitv1.NewStaff{servertest.NewStaff("clerk")}}
	sent, err := proto.MarshalOptions{Deterministic: true}.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := units(h.SignIn("topadmin")).CreateUnit(ctx, r); err != nil {
		t.Fatal(err)
	}
	guess := sha256.Sum256(append([]byte(unitv1connect.UnitServiceCreateUnitProcedure+"\x00"), sent...))
	r.Handlers[0].Password = ""
	if sent, err = (proto.MarshalOptions{Deterministic: true}).Marshal(r); err != nil {
		t.Fatal(err)
	}
	want := sha256.Sum256(append([]byte(unitv1connect.UnitServiceCreateUnitProcedure+"\x00"), sent...))
	count := func(digest [32]byte) (n int) {
		if err := h.Server.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.Get(ctx, []any{&n}, "SELECT count(*) FROM mutation WHERE digest = $1", digest[:])
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if count(guess) != 0 || count(want) != 1 {
		t.Error("the digest in the database can be tried for the password:", count(guess), count(want))
	}
}
