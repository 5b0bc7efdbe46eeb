package syncer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"zhiping/desktop/cache"
	"zhiping/desktop/list"
	"zhiping/desktop/outbox"
	"zhiping/desktop/unit"
	"zhiping/desktop/vault"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/serve"
	"zhiping/server/servertest"
	serversync "zhiping/server/sync"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

var ctx = context.Background()

// errKilled is what a failpoint ends the program with.
var errKilled = errors.New("killed here")

// faulty is a network that can be bad: it loses what is asked or answered, and asks twice.
type faulty struct {
	w    *world
	next []string // what happens to the next calls
}

// RoundTrip implements http.RoundTripper.
func (f *faulty) RoundTrip(r *http.Request) (*http.Response, error) {
	fate := ""
	if len(f.next) > 0 {
		fate, f.next = f.next[0], f.next[1:]
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	once := func() (*http.Response, error) {
		again := r.Clone(r.Context())
		again.URL.Host = f.w.web.Listener.Addr().String()
		again.Body = io.NopCloser(bytes.NewReader(body))
		return http.DefaultTransport.RoundTrip(again)
	}
	switch fate {
	case "lost":
		return nil, errors.New("the network lost it")
	case "answer lost", "cut":
		resp, err := once()
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || fate == "answer lost" {
			return nil, errors.New("the network lost the answer")
		}
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(b[:len(b)/2]), broken{}))
		return resp, nil
	case "twice":
		if resp, err := once(); err == nil {
			resp.Body.Close()
		}
	}
	return once()
}

// broken is a connection that ends in the middle.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// world is a server with an older copy of itself, and the desktops of some clerks.
type world struct {
	dir, backup string
	server      *serve.Server
	web         *httptest.Server
	top         *unitv1.Unit
	units       []string
	clerks      []*clerk
	restored    bool
}

// clerk is one person's desktop.
type clerk struct {
	w       *world
	name    string
	unit    string
	dir     string
	years   int // the clock is off by
	account *Account
	client  *Client
	sync    *Syncer
	network *faulty
	point   string // where the program ends next
	draft   []byte
	edits   int
}

func (w *world) start() error {
	var err error
	w.server, err = serve.Open(ctx, serve.Config{Dir: w.dir, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		w.web = httptest.NewServer(w.server.Handler())
	}
	return err
}

func (w *world) stop() error {
	w.web.Close()
	return w.server.Close()
}

func newWorld(t *rapid.T, dir string) *world {
	w := &world{dir: filepath.Join(dir, "server"), backup: filepath.Join(dir, "backup.db")}
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := w.start(); err != nil {
		t.Fatal(err)
	}
	w.top = &unitv1.Unit{Id: servertest.NewID(), Name: "示例省厅（虚构）", CreditCode: servertest.CreditCode(1), Kind: commonv1.UnitKind_UNIT_KIND_HR, Division: "510000", Nature: "20", Contact: "联系人", Phone: "028-00000000", Authorised: true}
	if err := w.server.Units.Bootstrap(ctx, w.top, servertest.NewStaff("first")); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"first", "second", "below"} {
		c := &clerk{w: w, name: name, dir: filepath.Join(dir, "desktop"), years: rapid.IntRange(-10, 10).Draw(t, "years")}
		w.clerks = append(w.clerks, c)
		if err := servertest.Settle(w.server.DB, name); err != nil {
			t.Fatal(err)
		}
		c.open(t)
		c.unit = c.client.Identity.Unit.Id
		if i == 0 {
			w.found(t, c)
		}
	}
	return w
}

// found makes a second account at the top, units below it and one that waits for review.
func (w *world) found(t *rapid.T, c *clerk) {
	second := servertest.NewStaff("second")
	second.Staff.UnitId, second.Staff.Super = w.top.Id, true
	if _, err := c.client.Units().SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: second.Staff, Password: servertest.Password}); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		u := &unitv1.Unit{Id: servertest.NewID(), Name: fmt.Sprint("示例单位", i), CreditCode: servertest.CreditCode(i + 2), Kind: commonv1.UnitKind_UNIT_KIND_EMPLOYER, Division: "510100", Nature: "20", Contact: "联系人", Phone: "028-00000000", SuperiorId: w.top.Id}
		w.units = append(w.units, u.Id)
		account := []string{"below", "other", "waiting"}[i]
		var err error
		if i < 2 {
			_, err = c.client.Units().CreateUnit(ctx, &unitv1.CreateUnitRequest{Unit: u, Handlers: []*unitv1.NewStaff{servertest.NewStaff(account)}})
		} else {
			_, err = c.client.Units().RegisterUnit(ctx, &unitv1.RegisterUnitRequest{Unit: u, Handler: servertest.NewStaff(account)})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// open starts a clerk's program.
func (c *clerk) open(t *rapid.T) {
	c.client = Dial("http://zhiping.test", "")
	c.network = &faulty{w: c.w}
	c.client.plain = c.network
	c.client.http.Transport = c.network
	now := func() time.Time { return time.Now().AddDate(c.years, 0, 0) }
	account, err := OpenAccount(ctx, c.client, c.dir, c.name, servertest.Password, vault.None{}, now)
	if fault.CodeOf(err) == fault.Denied { // no account at the moment: the clerk goes on without the server
		c.network.next = []string{"lost"}
		account, err = OpenAccount(ctx, c.client, c.dir, c.name, servertest.Password, vault.None{}, now)
	}
	if err != nil {
		t.Fatal(c.name, err)
	}
	c.account = account
	c.sync = New(c.client, account.Box, account.Mirror, c.client.Actor(), unit.Effects, account.Files(), now, func(map[string]bool) {})
	c.sync.page = 2 // so that checkpoints come in parts
	c.sync.point = func(at string) error {
		if c.point == at {
			c.point = ""
			return errKilled
		}
		return nil
	}
	cache.Add(account.Mirror, &list.List[*unitv1.Unit]{Name: "below", Mirror: list.Owned("unit", (*unitv1.Unit).GetSuperiorId, func(*unitv1.Unit) string { return "" })})
	if err := account.Mirror.Fill(ctx); err != nil {
		t.Fatal(err)
	}
}

// again is the program started anew, from what is on the disk.
func (c *clerk) again(t *rapid.T) {
	if err := c.account.Close(); err != nil {
		t.Fatal(err)
	}
	c.point = ""
	c.open(t)
}

// edit changes a unit as the clerk sees it, through the page's client.
func (c *clerk) edit(t *rapid.T, id string) {
	m, ok, err := c.account.Mirror.Get(ctx, "unit", id)
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return // not here yet, or not his
	}
	u := proto.CloneOf(m.(*unitv1.Unit))
	c.edits++
	u.Address = fmt.Sprintf("%s-%d", c.name, c.edits)
	c.sync.heard(false) // nobody waits for an answer here
	resp, err := c.client.Units().SaveUnit(ctx, &unitv1.SaveUnitRequest{Unit: u})
	if err != nil {
		t.Fatal(err)
	}
	seen, _, err := c.account.Mirror.Get(ctx, "unit", id)
	if err != nil || seen.(*unitv1.Unit).Address != u.Address || resp.Unit.Revision >= 0 {
		t.Fatalf("%s does not see what was just done: %v, %v (%v)", c.name, seen, resp, err)
	}
}

// approve reviews the unit that waits.
func (c *clerk) approve(t *rapid.T, id string) {
	m, ok, err := c.account.Mirror.Get(ctx, "unit", id)
	if err != nil {
		t.Fatal(err)
	}
	if !ok || m.(*unitv1.Unit).Registration.GetStage() != reviewv1.Stage_STAGE_REVIEW {
		return
	}
	c.sync.heard(false)
	if _, err := c.client.Units().ReviewUnits(ctx, &unitv1.ReviewUnitsRequest{
		Bases: []*commonv1.Base{{Id: id, Revision: cache.Revision(m)}}, Matter: reviewv1.Matter_MATTER_UNIT, Action: &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE, Opinion: "同意"},
	}); err != nil {
		t.Fatal(err)
	}
}

var fates = []string{"", "", "", "lost", "answer lost", "cut", "twice"}

// step is one sync over a bad network, perhaps ended at a failpoint.
func (c *clerk) step(t *rapid.T) {
	for range rapid.IntRange(0, 4).Draw(t, "bad calls") {
		c.network.next = append(c.network.next, rapid.SampledFrom(fates).Draw(t, "fate"))
	}
	c.point = rapid.SampledFrom([]string{"", "", "send", "answered", "finished", "pulled"}).Draw(t, "killed at")
	err := c.sync.Sync(ctx)
	c.network.next = nil
	if errors.Is(err, errKilled) {
		c.again(t)
	}
	c.point = ""
	if f := fault.As(err); f != nil && f.Code == fault.State {
		t.Fatal(c.name, err) // the mirror differed twice, or the server wants what is no longer kept
	}
}

// allow takes the second clerk's account away, or gives it back: whoever has none gets nothing from the server, and loses nothing.
func (w *world) allow(t *rapid.T, allowed bool) {
	plain := Dial(w.web.URL, "")
	if err := plain.SignIn(ctx, "first", servertest.Password); err != nil {
		t.Fatal(err)
	}
	resp, err := plain.Units().ListStaff(ctx, &unitv1.ListStaffRequest{Query: &commonv1.Query{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range resp.Staff {
		if s.Account == "second" && s.Disabled == allowed {
			s.Disabled = !allowed
			if _, err := plain.Units().SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: s}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// keep copies the server's database as a backup does.
func (w *world) keep(t *rapid.T) {
	if err := os.Remove(w.backup); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if _, err := w.server.DB.Raw().ExecContext(ctx, "VACUUM INTO ?", w.backup); err != nil {
		t.Fatal(err)
	}
}

// restore goes back to the backup, as zhiping-server restore does: with another epoch.
func (w *world) restore(t *rapid.T) {
	if _, err := os.Stat(w.backup); err != nil {
		return
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(w.dir, "zhiping.db")
	b, err := os.ReadFile(w.backup)
	for _, end := range []string{"-wal", "-shm"} {
		os.Remove(file + end)
	}
	if err == nil {
		err = os.WriteFile(file, b, 0o600)
	}
	if err == nil {
		err = w.start()
	}
	if err == nil {
		err = serversync.NewEpoch(ctx, w.server.DB)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.restored = true
	for _, c := range w.clerks { // the sessions of the backup's time are known, later ones are not
		c.client.token.Store("")
	}
}

// quiet lets everybody sync until nothing moves any more.
func (w *world) quiet(t *rapid.T) {
	for round := range 6 {
		for _, c := range w.clerks {
			err := c.sync.Sync(ctx)
			if errors.Is(err, errSignedOut) { // the person signs in again
				c.client.token.Store("")
				err = c.sync.Sync(ctx)
			}
			if err != nil {
				t.Fatalf("round %d, %s: %v", round, c.name, err)
			}
		}
	}
}

// The properties of sync.md over three clerks, a server and a bad network.
func TestSyncModel(t *testing.T) {
	checks := 0
	rapid.Check(t, func(t *rapid.T) {
		checks++
		dir, err := os.MkdirTemp("", "zhiping-sync-*")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		w := newWorld(t, dir)
		defer func() {
			for _, c := range w.clerks {
				c.account.Close()
			}
			w.stop()
		}()
		for _, c := range w.clerks {
			c.draft = []byte("草稿 " + c.name)
			if err := c.account.Box.SaveDraft(ctx, "form", c.draft); err != nil {
				t.Fatal(err)
			}
		}
		w.quiet(t)
		someone := func(t *rapid.T) *clerk { return rapid.SampledFrom(w.clerks).Draw(t, "clerk") }
		t.Repeat(map[string]func(*rapid.T){
			"edit":    func(t *rapid.T) { someone(t).edit(t, rapid.SampledFrom(append(w.units, w.top.Id)).Draw(t, "unit")) },
			"approve": func(t *rapid.T) { w.clerks[0].approve(t, w.units[2]) },
			"sync":    func(t *rapid.T) { someone(t).step(t) },
			"kill":    func(t *rapid.T) { someone(t).again(t) },
			"revoke":  func(t *rapid.T) { w.allow(t, rapid.Bool().Draw(t, "allowed")) },
			"backup":  w.keep,
			"restore": w.restore,
			"reset": func(t *rapid.T) {
				if err := someone(t).account.Mirror.Reset(ctx); err != nil {
					t.Fatal(err)
				}
			},
		})
		w.allow(t, true)
		w.quiet(t)
		w.check(t)
	})
	t.Logf("%d runs", checks)
}

// check holds S1 to S7 after quiet.
func (w *world) check(t *rapid.T) {
	applied := map[string]int64{}
	for _, c := range w.clerks {
		all, err := c.account.Box.Since(ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range all {
			if m.Number != int64(i+1) {
				t.Errorf("%s: mutation %d stands at place %d", c.name, m.Number, i+1)
			}
			switch m.State {
			case outbox.Pending:
				t.Errorf("%s: %d still waits (S5)", c.name, m.Number)
			case outbox.Applied:
				for _, id := range IDs(m) {
					applied[id]++
				}
			default:
				if len(Faults(m)) == 0 {
					t.Errorf("%s: %d was refused without a reason (S5)", c.name, m.Number)
				}
			}
		}
		if body, _, err := c.account.Box.Draft(ctx, "form"); err != nil || !bytes.Equal(body, c.draft) {
			t.Errorf("%s: the draft is %q (S7): %v", c.name, body, err)
		}
		w.same(t, c)
		w.ordered(t, c)
	}
	for _, id := range append(w.units, w.top.Id) {
		if u := w.record(t, id); u.Revision-1 != applied[id] {
			t.Errorf("%s was changed %d times, the clerks were told of %d (S1)", u.Name, u.Revision-1, applied[id])
		}
	}
}

// record is a unit as the server has it.
func (w *world) record(t *rapid.T, id string) *unitv1.Unit {
	u := &unitv1.Unit{}
	if err := w.server.DB.Read(ctx, func(tx *db.Tx) error {
		var b []byte
		if err := tx.Get(ctx, []any{&b}, "SELECT body FROM unit WHERE id = $1", id); err != nil {
			return err
		}
		return proto.Unmarshal(b, u)
	}); err != nil {
		t.Fatal(err)
	}
	return u
}

// same checks that a clerk sees what the server has of what he may see, and nothing else (S3, S4).
func (w *world) same(t *rapid.T, c *clerk) {
	for _, id := range append(w.units, w.top.Id) {
		u := w.record(t, id)
		m, ok, err := c.account.Mirror.Get(ctx, "unit", id)
		if err != nil {
			t.Fatal(err)
		}
		may := slices.Contains([]string{u.Id, u.SuperiorId}, c.unit)
		if ok != may {
			t.Errorf("%s sees %s: %v, may: %v (S4)", c.name, u.Name, ok, may)
		}
		if ok && !proto.Equal(m, u) {
			t.Errorf("%s sees %s as %v, the server has %v (S3)", c.name, u.Name, m, u)
		}
	}
}

// ordered checks that what a clerk changed took effect in the order in which he did it (S2).
func (w *world) ordered(t *rapid.T, c *clerk) {
	last := map[string]int64{}
	if err := w.server.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, func(scan func(...any) error) error {
			var id string
			var revision int64
			if err := scan(&id, &revision); err != nil {
				return err
			}
			if revision <= last[id] {
				t.Errorf("%s: the effects on %s are out of order (S2)", c.name, id)
			}
			last[id] = revision
			return nil
		}, "SELECT id, revision FROM made WHERE client = $1 ORDER BY number", c.account.Box.Name())
	}); err != nil {
		t.Fatal(err)
	}
}
