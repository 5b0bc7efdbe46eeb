package syncer

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"zhiping/desktop/outbox"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/servertest"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

// What the server refuses before a service sees it - here a limit that an older program did not know - is a result: its number is taken, and what
// was done after it goes on.
func TestRefusedAtTheDoor(t *testing.T) {
	p := &place{t: t, h: servertest.Start(t, ""), base: t.TempDir(), cut: -1}
	c, a, s := p.must()
	defer a.Close()
	if err := s.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	p.out = true
	s.heard(false)
	bad := proto.CloneOf(c.Identity.Unit)
	bad.Address = strings.Repeat("长", 1000)
	b, err := proto.Marshal(&unitv1.SaveUnitRequest{Unit: bad})
	if err != nil {
		t.Fatal(err)
	}
	numbers, err := s.put(ctx, unitv1connect.UnitServiceSaveUnitProcedure, [][]byte{b})
	if err != nil {
		t.Fatal(err)
	}
	good := proto.CloneOf(c.Identity.Unit)
	good.Address = "示例路2号"
	if _, err := c.Units().SaveUnit(ctx, &unitv1.SaveUnitRequest{Unit: good}); err != nil {
		t.Fatal(err)
	}
	p.out = false
	if err := s.Sync(ctx); err != nil || s.Status().Waiting != 0 || s.Status().Open != 1 {
		t.Fatal("what was refused stops what came after it:", err, s.Status())
	}
	m, err := a.Box.Get(ctx, numbers[0])
	if err != nil || m.State != outbox.Rejected || Faults(m)[""].Code != fault.Invalid {
		t.Error(m, err)
	}
	if seen, _, err := a.Mirror.Get(ctx, "unit", good.Id); err != nil || seen.(*unitv1.Unit).Address != good.Address {
		t.Error(seen, err)
	}
}

// What passes a limit never gets into the outbox: the page is told at once, without the network too.
func TestLimitsBeforeTheOutbox(t *testing.T) {
	p := &place{t: t, h: servertest.Start(t, ""), base: t.TempDir(), cut: -1}
	c, a, s := p.must()
	defer a.Close()
	p.out = true
	s.heard(false)
	bad := proto.CloneOf(c.Identity.Unit)
	bad.Address = strings.Repeat("长", 1000)
	_, err := c.Units().SaveUnit(ctx, &unitv1.SaveUnitRequest{Unit: bad})
	if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), "地址") || s.Status().Waiting != 0 {
		t.Error(err, s.Status())
	}
}

// forgetful is a server that refuses the first change and forgets that it did.
type forgetful struct{ asked int }

func (f *forgetful) RoundTrip(r *http.Request) (*http.Response, error) {
	f.asked++
	if strings.HasSuffix(r.Header.Get(wire.MutationHeader), "/1") {
		return refusal(fault.New(fault.Invalid, "地址太长"), r), nil
	}
	return refusal(fault.New(fault.Gap, "缺少第 1 项").At("1"), r), nil
}

// A server that asks again for what it has just been sent is left alone until the next attempt, as one that cannot be reached.
func TestNoLoop(t *testing.T) {
	p := &place{t: t, h: servertest.Start(t, ""), base: t.TempDir(), cut: -1}
	c, a, s := p.must()
	defer a.Close()
	p.out = true
	s.heard(false)
	for range 2 {
		if _, err := c.Units().SaveUnit(ctx, &unitv1.SaveUnitRequest{Unit: c.Identity.Unit}); err != nil {
			t.Fatal(err)
		}
	}
	f := &forgetful{}
	c.plain = f
	if err := s.Sync(ctx); err == nil || f.asked != 4 || s.Status().Waiting != 2 || !strings.Contains(s.Status().Err, "第 1 项") {
		t.Error(err, f.asked, s.Status())
	}
}
