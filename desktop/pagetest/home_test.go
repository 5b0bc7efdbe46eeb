package pagetest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/cache"
	"zhiping/desktop/committee"
	"zhiping/desktop/home"
	"zhiping/desktop/kit"
	"zhiping/desktop/kit/kittest"
	"zhiping/desktop/list"
	"zhiping/desktop/syncer"
	"zhiping/desktop/unit"
	"zhiping/desktop/vault"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/command"
	servercommittee "zhiping/server/committee"
	"zhiping/server/record"
	"zhiping/server/servertest"
	"zhiping/shared/fault"
)

// line is the way to the server: it counts the calls that go over it, and can be cut.
type line struct {
	*httptest.Server
	mu    sync.Mutex
	calls map[string]int
	cut   bool
}

func newLine(t *testing.T, to string) *line {
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(u)
	proxy.FlushInterval = -1 // hints are streamed
	l := &line{calls: map[string]int{}}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		l.calls[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]++
		cut := l.cut
		l.mu.Unlock()
		if cut {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		l.CloseClientConnections()
		l.Close()
	})
	return l
}

// asked gives the calls since it was last asked, but for those of the sync itself.
func (l *line) asked() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.calls
	l.calls = map[string]int{}
	for _, own := range []string{"Pull", "Watch", "SignIn"} {
		delete(all, own)
	}
	return all
}

func (l *line) pull(out bool) {
	l.mu.Lock()
	l.cut = out
	l.mu.Unlock()
	l.CloseClientConnections()
}

// seat is a person's whole desktop but its window: connection, mirror, syncer, and the first page.
type seat struct {
	*office
	line    *line
	account *syncer.Account
	sync    *syncer.Syncer
	page    *home.Page
	opened  []string
	changes chan map[string]bool
}

// sit opens a person's desktop; nothing is pulled yet.
func (o *office) sit(account string) *seat {
	o.t.Helper()
	s := &seat{office: o, line: newLine(o.t, o.h.URL), changes: make(chan map[string]bool, 100)}
	c := syncer.Dial(s.line.URL, "")
	var err error
	o.h.Settle(account)
	if s.account, err = syncer.OpenAccount(o.t.Context(), c, o.t.TempDir(), account, servertest.Password, vault.None{}, time.Now); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { s.account.Close() })
	o.c, o.By = c, c.Actor()
	s.sync = syncer.New(c, s.account.Box, s.account.Mirror, c.Actor(), unit.Effects, s.account.Files(), time.Now, func(kinds map[string]bool) { s.changes <- kinds })
	registrations := home.Of(unit.Registrations(c.Units(), s.account.Mirror), func(state string) { s.opened = append(s.opened, state) })
	if len(registrations) != 1 {
		o.t.Fatal("registrations are no work")
	}
	registrations[0].Group = "单位管理"
	s.page = home.New(o.Desk, home.Parts{
		Unit: c.Identity.Unit, Sources: registrations, Count: home.Counter(s.account.Mirror, c.Home()),
		Now: func(ctx context.Context) (*unitv1.Unit, error) {
			m, ok, err := s.account.Mirror.Get(ctx, "unit", c.Identity.Unit.Id)
			if !ok || err != nil {
				return nil, err
			}
			return m.(*unitv1.Unit), nil
		},
		Supervision: &home.Supervision{Division: c.Identity.Unit.Division, Now: o.h.Now, Records: home.Supervised(c, s.account.Mirror)},
	})
	o.window.SetContent(s.page.Content)
	return s
}

// reads loads the page and gives what can be read on it.
func (s *seat) reads() string {
	s.page.Load()
	var b strings.Builder
	kittest.Each(s.page.Content, func(o fyne.CanvasObject) {
		text := ""
		switch x := o.(type) {
		case *widget.Label:
			text = x.Text
		case *canvas.Text:
			text = x.Text
		case *widget.Hyperlink:
			text = x.Text
		}
		if strings.Trim(text, "　") != "" {
			b.WriteString(text + "\n")
		}
	})
	return b.String()
}

// follows waits for changes as the shell does, brings the page up to date when one concerns it, and goes on until the page says so.
func (s *seat) follows(want string) {
	s.t.Helper()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	last := ""
	for {
		select {
		case kinds := <-s.changes:
			if kinds["*"] || slices.ContainsFunc(s.page.Kinds(), func(k string) bool { return kinds[k] }) {
				if last = s.reads(); strings.Contains(last, want) {
					return
				}
			}
		case <-limit.C:
			s.t.Fatalf("the page never said %q by itself:\n%s", want, last)
		}
	}
}

// write writes a record past the services.
func write[M record.Message](o *office, k *record.Kind[M], m M) {
	o.t.Helper()
	if _, err := command.Run(o.t.Context(), o.h.Server.Run, &unitv1.GetUnitRequest{}, func(tx *command.Tx) (*unitv1.GetUnitResponse, error) {
		return &unitv1.GetUnitResponse{}, k.Put(o.t.Context(), tx, m)
	}); err != nil {
		o.t.Fatal(err)
	}
}

// filedCommittee is a committee of the top unit whose filing holds.
func (o *office) filedCommittee(name string) *committeev1.Committee {
	c := &committeev1.Committee{
		Id: servertest.NewID(), Name: name, UnitId: o.h.Top.Id, UnitName: o.h.Top.Name, AuthorisingId: o.h.Top.Id, FilingId: o.h.Top.Id, Series: "05", Levels: []string{"3"},
		FiledOn: "2026-01-01", ValidUntil: "2028-12-31", Filing: &reviewv1.Case{Matter: reviewv1.Matter_MATTER_COMMITTEE, Stage: reviewv1.Stage_STAGE_APPROVED},
	}
	write(o, servercommittee.Committees, c)
	return c
}

func (o *office) registers(account string) {
	o.t.Helper()
	nobody := o.h.Nobody()
	u := o.h.NewUnit("示例单位"+account, commonv1.UnitKind_UNIT_KIND_EMPLOYER)
	u.SuperiorId = o.h.Top.Id
	if _, err := unitv1connect.NewUnitServiceClient(nobody.HTTP, nobody.URL, nobody.Options...).RegisterUnit(o.t.Context(), &unitv1.RegisterUnitRequest{Unit: u, Handler: servertest.NewStaff(account)}); err != nil {
		o.t.Fatal(err)
	}
}

// The first page against a real server: right before anything is pulled, cheap afterwards, live without a key pressed, and whole without the
// network.
func TestHome(t *testing.T) {
	o := newOffice(t)
	o.registers("first")
	s := o.sit("topadmin")
	s.line.asked()
	got := s.reads()
	o.contains(got, "下级单位注册审核：待审核", "评委会总数\n0\n")
	if calls := s.line.asked(); calls["CountWork"] != 1 || calls["ListUnits"] != 0 || len(calls) != 2 {
		t.Error("before the first pull all lists are counted in one call, and the supervision reads the committees:", calls)
	}
	stop := s.sync.Start()
	defer func() { stop() }()
	s.follows("评委会总数\n0\n")
	s.line.asked()

	// What others do appears by itself: the shell hears of a change and loads again; not one call but those of the sync goes out.
	o.registers("second")
	s.follows("下级单位注册审核：待审核\n2\n")
	c := o.filedCommittee("示例中级评委会")
	s.follows("评委会总数\n1\n已备案\n1\n")
	u := s.c.Identity.Unit
	top := o.h.SignIn("topadmin")
	u.Phone = "13900000009"
	if _, err := unitv1connect.NewUnitServiceClient(top.HTTP, top.URL, top.Options...).SaveUnit(t.Context(), &unitv1.SaveUnitRequest{Unit: u}); err != nil {
		t.Fatal(err)
	}
	s.follows("139****0009")
	if calls := s.line.asked(); len(calls) > 0 {
		t.Error("the page asks the server for what the mirror has:", calls)
	}

	// Without the network nothing is missing, and what is done here counts at once.
	s.line.pull(true)
	o.contains(s.reads(), "下级单位注册审核：待审核\n2\n", "示例中级评委会", "139****0009")
	rows, err := cache.All[*unitv1.Unit](t.Context(), s.account.Mirror, "unit")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range rows {
		if strings.HasSuffix(x.Name, "first") {
			if err := unit.Move(s.c.Units(), []*unitv1.Unit{x}, reviewv1.Matter_MATTER_UNIT, &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE, Opinion: "同意"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	o.contains(s.reads(), "下级单位注册审核：待审核\n1\n", c.Name)
	s.line.pull(false)
}

// The map of A10 on the desktop: a superior sets it, an employer reads it, without the network too.
func TestCompetenceMap(t *testing.T) {
	o := newOffice(t)
	filed := o.filedCommittee("示例中级评委会")
	other := o.filedCommittee("示例高级评委会")
	for account, kind := range map[string]commonv1.UnitKind{"department": commonv1.UnitKind_UNIT_KIND_DEPARTMENT, "employer": commonv1.UnitKind_UNIT_KIND_EMPLOYER} {
		if _, err := o.c.Units().CreateUnit(t.Context(), &unitv1.CreateUnitRequest{Unit: o.h.NewUnit("示例单位"+account, kind), Handlers: []*unitv1.NewStaff{servertest.NewStaff(account)}}); err != nil {
			t.Fatal(err)
		}
	}
	superior := committee.Map(o.c.Competences(), nil, nil, "设置主管部门")
	page := kit.NewListPage(superior, kit.Inline, func(*committeev1.AreaCommittee) {})
	page.Load()
	rows, info, err := superior.Source(t.Context(), &commonv1.Query{State: "UNSET"})
	if err != nil || info.Total != 2 {
		t.Fatal(rows, info, err)
	}
	// The person finds the department by name, chooses it and confirms.
	var dialog fyne.CanvasObject
	var confirm func()
	o.Ask = func(_ string, content fyne.CanvasObject, _ string, do func()) { dialog, confirm = content, do }
	chosen := ""
	committee.AskDepartment(o.c.Competences(), o.Desk, rows[:1], func(id string) { chosen = id })
	o.show(dialog)
	confirm()
	o.told("请先选择主管部门")
	var options []string
	kittest.Each(dialog, func(x fyne.CanvasObject) {
		if g, ok := x.(*widget.RadioGroup); ok {
			options = slices.Clone(g.Options)
			g.SetSelected("示例单位department")
		}
	})
	if len(options) != 2 || !strings.HasSuffix(options[0], "（本单位）") {
		t.Error("who can be chosen:", options)
	}
	confirm()
	if chosen == "" {
		t.Fatal("nothing was chosen")
	}
	if err := committee.SetDepartment(o.c.Competences(), rows[:1], chosen); err != nil {
		t.Fatal(err)
	}
	// The same rows again are no longer what the server has: a conflict.
	if err := committee.SetDepartment(o.c.Competences(), rows[:1], chosen); fault.CodeOf(err) != fault.Conflict {
		t.Error("what another has set meanwhile was overwritten:", err)
	}
	if err := committee.SetDepartment(o.c.Competences(), rows[1:], ""); fault.CodeOf(err) != fault.State {
		t.Error("what was never set was cleared:", err)
	}

	s := o.sit("employer")
	if err := s.sync.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	who := s.c.Identity
	if !slices.Equal(who.SuperiorIds, []string{o.h.Top.Id}) {
		t.Fatal("the employer does not know who stands above it:", who.SuperiorIds)
	}
	reader := committee.Map(s.c.Competences(), s.account.Mirror, append([]string{who.Unit.Id}, who.SuperiorIds...), "")
	shows := func(l *list.List[*committeev1.AreaCommittee]) (all []string, err error) {
		rows, _, err := l.Source(t.Context(), &commonv1.Query{})
		for _, r := range rows {
			all = append(all, r.Name+" "+l.Columns[len(l.Columns)-1].Text(r))
		}
		slices.Sort(all)
		return all, err
	}
	got, err := shows(reader)
	set, unset := rows[0].Name, filed.Name
	if set == filed.Name {
		unset = other.Name
	}
	want := []string{set + " 示例单位department", unset + " 未设置"}
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Error(got, err)
	}
	if err := committee.SetDepartment(s.c.Competences(), rows[1:], chosen); fault.CodeOf(err) != fault.Denied {
		t.Error("an employer sets the map:", err)
	}
	s.line.pull(true)
	got, err = shows(reader)
	if fault.CodeOf(err) != fault.Offline || !slices.Equal(got, []string{set + " 示例单位department"}) {
		t.Error("without the network:", got, err)
	}
	if err := committee.SetDepartment(s.c.Competences(), rows[1:], chosen); fault.CodeOf(err) != fault.Offline {
		t.Error("the map was set without the network:", err)
	}
}
