package serve_test

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/providertest"
	"zhiping/server/servertest"
	"zhiping/server/session"
	"zhiping/shared/fault"
)

// The invented numbers have an address code that is not assigned.
const (
	handlersNumber = "519900198003070017"
	othersNumber   = "519900198003070025"
)

// brought is what the browser brings to a desktop's port.
type brought struct {
	request *sessionv1.SignInWithRequest
	state   string
}

// browse goes the way of a desktop as far as the code: begins at the server, signs in at the provider, waits on loopback.
func browse(t *testing.T, h *servertest.House, provider, login string) *brought {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	codes := make(chan string, 1)
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		codes <- r.FormValue("code") + " " + r.FormValue("state")
		fmt.Fprintln(w, "登录完成")
	})}
	go web.Serve(l)
	defer web.Close()
	r := &sessionv1.SignInWithRequest{Provider: provider, Verifier: oauth2.GenerateVerifier(), Nonce: rand.Text(), RedirectUri: "http://" + l.Addr().String() + "/callback", Device: "办公室电脑"}
	state := rand.Text()
	begun, err := sessions(h.Nobody()).BeginSignInWith(ctx, &sessionv1.BeginSignInWithRequest{Provider: provider, RedirectUri: r.RedirectUri, State: state, Nonce: r.Nonce, Challenge: oauth2.S256ChallengeFromVerifier(r.Verifier)})
	if err != nil {
		t.Fatal(err)
	}
	page, err := providertest.Browse(begun.Url, login, providertest.Password)
	if err != nil || !strings.Contains(page, "登录完成") {
		t.Fatal(page, err)
	}
	b := &brought{request: r}
	r.Code, b.state, _ = strings.Cut(<-codes, " ")
	if b.state != state || r.Code == "" {
		t.Fatal("another state came back, or no code")
	}
	return b
}

func (b *brought) signIn(h *servertest.House) (*sessionv1.SignInWithResponse, error) {
	return sessions(h.Nobody()).SignInWith(ctx, b.request)
}

// enter is browse and signing in with what it brought.
func enter(t *testing.T, h *servertest.House, provider, login string) *sessionv1.SignInWithResponse {
	t.Helper()
	resp, err := browse(t, h, provider, login).signIn(h)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// A handler whom the superior has entered with the number of the ID signs in at the platform without any password; the same person is known by the
// platform's subject ever after. Whoever is nobody's staff applies for a unit with a ticket (A2, A3).
func TestSignInWithProvider(t *testing.T) {
	intranet := providertest.Zitadel(t, "intranet",
		providertest.Person{Subject: "s-1", Login: handlersNumber, Name: "经办人甲"}, providertest.Person{Subject: "s-2", Login: othersNumber, Name: "经办人乙", Phone: "13800000002"})
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		boss := h.SignIn("topadmin")
		all, err := sessions(h.Nobody()).ListProviders(ctx, &sessionv1.ListProvidersRequest{})
		if err != nil || len(all.Providers) != 1 || all.Providers[0].Id != "intranet" || all.Providers[0].Label != "内网登录" {
			t.Fatal(all, err)
		}
		clerk := servertest.NewStaff("clerk")
		clerk.Staff.UnitId, clerk.Staff.Number = h.Top.Id, handlersNumber
		saved, err := units(boss).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: clerk.Staff, Password: clerk.Password})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time by the subject
			in := enter(t, h, "intranet", handlersNumber).SignedIn
			if in.GetIdentity().GetStaff().GetId() != clerk.Staff.Id || in.Identity.MustChange {
				t.Fatal("not the clerk, or a password that was not used is to be changed:", in)
			}
			if _, err := units(h.Holding(in)).ListStaff(ctx, &unitv1.ListStaffRequest{Query: &commonv1.Query{}}); err != nil {
				t.Fatal(err)
			}
			saved.Staff.Number = "" // known by the subject now
			if saved, err = units(boss).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: saved.Staff}); err != nil {
				t.Fatal(err)
			}
		}
		saved.Staff.Disabled = true
		if _, err := units(boss).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: saved.Staff}); err != nil {
			t.Fatal(err)
		}
		_, err = browse(t, h, "intranet", handlersNumber).signIn(h)
		says(t, err, fault.Denied, "该账号已停用")
		registersWithTicket(t, h)
	}, intranet)
}

// registersWithTicket is somebody without a unit: the application, its review, and signing in before and after.
func registersWithTicket(t *testing.T, h *servertest.House) {
	t.Helper()
	v := enter(t, h, "intranet", othersNumber).Vouched
	if v.GetTicket() == "" || v.Name != "经办人乙" || v.Number != othersNumber || v.Phone != "13800000002" {
		t.Fatal(v)
	}
	u := h.NewUnit("示例申报单位", commonv1.UnitKind_UNIT_KIND_EMPLOYER)
	u.SuperiorId = h.Top.Id
	person := servertest.NewStaff("sso-000000000001").Staff
	person.Name, person.Number = "冒名的人", "519900198003070033"
	register := func(ticket string) error {
		_, err := units(h.Nobody()).RegisterUnit(ctx, &unitv1.RegisterUnitRequest{Unit: u, Person: person, Ticket: ticket})
		return err
	}
	says(t, register("no-such-ticket"), fault.Denied, "统一身份登录已过期")
	h.Advance(time.Hour)
	says(t, register(v.Ticket), fault.Denied, "统一身份登录已过期")
	old := enter(t, h, "intranet", othersNumber).Vouched.Ticket
	v = enter(t, h, "intranet", othersNumber).Vouched
	says(t, register(old), fault.Denied, "统一身份登录已过期")
	if err := register(v.Ticket); err != nil {
		t.Fatal(err)
	}
	says(t, register(v.Ticket), fault.Denied, "统一身份登录已过期")
	in := enter(t, h, "intranet", othersNumber).SignedIn
	if in.GetIdentity().GetUnit().GetId() != u.Id || in.Identity.Unit.Authorised || !in.Identity.Staff.Super || in.Identity.Staff.Name != "经办人乙" || in.Identity.Staff.Number != othersNumber {
		t.Fatal("the unit is not there, or the person is not whom the platform has vouched for:", in)
	}
	boss := h.SignIn("topadmin")
	resp, err := units(boss).ReviewUnits(ctx, &unitv1.ReviewUnitsRequest{Bases: []*commonv1.Base{{Id: u.Id, Revision: 1}}, Matter: 1, Action: &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE, Opinion: "同意"}})
	if err != nil || resp.Outcomes[0].Fault != nil {
		t.Fatal(resp, err)
	}
	who, err := sessions(h.Holding(in)).WhoAmI(ctx, &sessionv1.WhoAmIRequest{})
	if err != nil || !who.Identity.Unit.Authorised {
		t.Error("after the approval the functions are open:", who, err)
	}
	_, err = sessions(h.Nobody()).SignIn(ctx, &sessionv1.SignInRequest{Account: "sso-000000000001", Password: "any-password-1"})
	says(t, err, fault.Denied, "账号或密码不正确")
}

// Codes that were used, belong to another verifier, nonce or address, and two people with one number are refused in words; nothing secret is in
// the log.
func TestProviderRefusals(t *testing.T) {
	intranet := providertest.Zitadel(t, "intranet", providertest.Person{Subject: "s-1", Login: handlersNumber, Name: "经办人甲"})
	h := servertest.Start(t, "", intranet)
	secrets := []string{"eyJ"} // what every signed token begins with
	spoiled := func(spoil func(*sessionv1.SignInWithRequest)) error {
		b := browse(t, h, "intranet", handlersNumber)
		secrets = append(secrets, b.request.Code, b.request.Verifier, b.request.Nonce, handlersNumber)
		spoil(b.request)
		_, err := b.signIn(h)
		return err
	}
	says(t, spoiled(func(r *sessionv1.SignInWithRequest) { r.Code = "another-code" }), fault.Denied, "没有确认本次登录")
	says(t, spoiled(func(r *sessionv1.SignInWithRequest) { r.Verifier = oauth2.GenerateVerifier() }), fault.Denied, "没有确认本次登录")
	says(t, spoiled(func(r *sessionv1.SignInWithRequest) { r.Nonce = rand.Text() }), fault.Denied, "没有通过核验")
	says(t, spoiled(func(r *sessionv1.SignInWithRequest) { r.RedirectUri = "http://127.0.0.1:9/callback" }), fault.Denied, "没有确认本次登录")
	says(t, spoiled(func(r *sessionv1.SignInWithRequest) { r.RedirectUri = "https://elsewhere.example/callback" }), fault.Invalid, "返回地址格式不正确")
	says(t, spoiled(func(r *sessionv1.SignInWithRequest) { r.Provider = "unknown" }), fault.NotFound, "没有配置该统一身份认证平台")
	b := browse(t, h, "intranet", handlersNumber)
	if _, err := b.signIn(h); err != nil {
		t.Fatal(err)
	}
	_, err := b.signIn(h)
	says(t, err, fault.Denied, "没有确认本次登录")
	for _, account := range []string{"clerk-one", "clerk-two"} {
		s := servertest.NewStaff(account)
		s.Staff.UnitId, s.Staff.Number = h.Top.Id, handlersNumber
		if _, err := units(h.SignIn("topadmin")).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: s.Staff, Password: s.Password}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = browse(t, h, "intranet", handlersNumber).signIn(h)
	says(t, err, fault.State, "登记在多个工作人员账号下")
	if !strings.Contains(h.Said.String(), "identity platform refuses a code") {
		t.Error("the administrator is not told what went wrong")
	}
	for _, s := range secrets {
		if strings.Contains(h.Said.String(), s) {
			t.Errorf("the log has %q", s)
		}
	}
}

// A platform that cannot be reached does not hang and does not stop local accounts; one that is for other kinds of unit says so.
func TestProviderAwayAndKinds(t *testing.T) {
	others := providertest.Zitadel(t, "legal", providertest.Person{Subject: "s-1", Login: handlersNumber, Name: "经办人甲"})
	others.Kinds = []string{"EMPLOYER"}
	h := servertest.Start(t, "", session.ProviderConfig{ID: "away", Label: "法人登录", Issuer: "http://127.0.0.1:1", ClientID: "x"}, others)
	_, err := sessions(h.Nobody()).BeginSignInWith(ctx, &sessionv1.BeginSignInWithRequest{Provider: "away", RedirectUri: "http://127.0.0.1:1/callback", State: rand.Text(), Nonce: rand.Text(), Challenge: strings.Repeat("a", 43)})
	says(t, err, fault.State, "暂时无法访问统一身份认证平台“法人登录”")
	s := servertest.NewStaff("clerk")
	s.Staff.UnitId, s.Staff.Number = h.Top.Id, handlersNumber
	if _, err := units(h.SignIn("topadmin")).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: s.Staff, Password: s.Password}); err != nil {
		t.Fatal(err)
	}
	b := browse(t, h, "legal", handlersNumber)
	_, err = b.signIn(h)
	says(t, err, fault.Denied, "该类型的单位不能通过")
}

// dex is another program with other habits: a secret, a path in its issuer, opaque subjects, no number.
func TestSignInWithDex(t *testing.T) {
	legal := providertest.Dex(t, "legal", providertest.Person{Subject: "d-1", Login: "handler@example.gov.cn", Name: "经办人丙"})
	h := servertest.Start(t, "", legal)
	v := enter(t, h, "legal", "handler@example.gov.cn").Vouched
	if v.GetName() != "经办人丙" || v.Number != "" {
		t.Fatal(v)
	}
	u := h.NewUnit("示例申报单位", commonv1.UnitKind_UNIT_KIND_EMPLOYER)
	u.SuperiorId = h.Top.Id
	person := servertest.NewStaff("sso-000000000001").Staff
	person.Number = othersNumber
	if _, err := units(h.Nobody()).RegisterUnit(ctx, &unitv1.RegisterUnitRequest{Unit: u, Person: person, Ticket: v.Ticket}); err != nil {
		t.Fatal(err)
	}
	if in := enter(t, h, "legal", "handler@example.gov.cn").SignedIn; in.GetIdentity().GetUnit().GetId() != u.Id || in.Identity.Staff.Number != othersNumber {
		t.Fatal(in)
	}
	wrong := legal
	wrong.ClientSecret = "another-secret"
	other := servertest.Start(t, "", wrong)
	_, err := browse(t, other, "legal", "handler@example.gov.cn").signIn(other)
	says(t, err, fault.Denied, "没有确认本次登录")
}

func TestReadProviders(t *testing.T) {
	for text, want := range map[string]string{
		`[{"id":"a","label":"内网登录","issuer":"https://id.example","client_id":"zhiping","kinds":["HR"]}]`:            "",
		`[{"id":"a","label":"内网登录","issuer":"https://id.example"}]`:                                                 "number 1 needs",
		`[{"id":"a","label":"一","issuer":"i","client_id":"c"},{"id":"a","label":"二","issuer":"i","client_id":"c"}]`: "number 2 needs an id of its own",
		`[{"id":"a","label":"一","issuer":"i","client_id":"c","kinds":["SCHOOL"]}]`:                                  `"SCHOOL"`,
		`[{"id":"a","label":"一","issuer":"i","client_id":"c","secret":"misspelt"}]`:                                 "secret",
		`{`: "providers",
	} {
		_, err := session.ReadProviders(strings.NewReader(text))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
