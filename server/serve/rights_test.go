package serve_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/rpc"
	"zhiping/server/servertest"
	"zhiping/shared/right"
)

// call sends an empty request to a procedure and gives the wire code, "" when it went through.
func call(t *testing.T, h *servertest.House, procedure, token string) string {
	t.Helper()
	r, err := http.NewRequest("POST", h.URL+procedure, bytes.NewReader([]byte("{}")))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Zhiping-Mutation", "rights/1/direct")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode == http.StatusOK {
		return ""
	}
	for _, code := range []string{"unauthenticated", "permission_denied"} {
		if strings.Contains(b.String(), `"code":"`+code+`"`) {
			return code
		}
	}
	return "other"
}

// Every procedure is refused to nobody and to whoever lacks its right, whatever the kind of unit, and let through to whoever has it: then
// the empty request fails for another reason, or not at all.
func TestRights(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		top := h.SignIn("topadmin")
		seen := 0
		for kind := range commonv1.UnitKind_name {
			if kind == 0 {
				continue
			}
			super := "super-" + string('a'+byte(kind))
			clerk := "clerk-" + string('a'+byte(kind))
			u := h.NewUnit("示例单位"+super, commonv1.UnitKind(kind))
			c := unitv1connect.NewUnitServiceClient(top.HTTP, top.URL, top.Options...)
			if _, err := c.CreateUnit(ctx, &unitv1.CreateUnitRequest{Unit: u, Handlers: []*unitv1.NewStaff{servertest.NewStaff(super)}}); err != nil {
				t.Fatal(err)
			}
			boss := h.SignIn(super)
			s := servertest.NewStaff(clerk)
			s.Staff.UnitId = u.Id
			if _, err := unitv1connect.NewUnitServiceClient(boss.HTTP, boss.URL, boss.Options...).SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: s.Staff, Password: servertest.Password}); err != nil {
				t.Fatal(err)
			}
			without := h.SignIn(clerk)
			for procedure, m := range rpc.Methods() {
				if !strings.HasPrefix(procedure, "/zhiping.") || strings.HasPrefix(procedure, "/zhiping.room.") || strings.HasSuffix(procedure, "/Watch") || strings.HasSuffix(procedure, "/SignOut") || m.Right == commonv1.Right_RIGHT_PUBLIC {
					continue
				}
				seen++
				if got := call(t, h, procedure, ""); got != "unauthenticated" {
					t.Errorf("%s by nobody: %q", procedure, got)
				}
				denied := m.Right != commonv1.Right_RIGHT_SIGNED_IN
				if got := call(t, h, procedure, without.Token); (got == "permission_denied") != denied {
					t.Errorf("%s by a clerk without roles of a unit of kind %d: %q", procedure, kind, got)
				}
				if got := call(t, h, procedure, boss.Token); (got == "permission_denied") == right.Allowed(m.Right, commonv1.UnitKind(kind)) {
					t.Errorf("%s by the super-administrator of a unit of kind %d: %q, allowed: %v", procedure, kind, got, right.Allowed(m.Right, commonv1.UnitKind(kind)))
				}
			}
		}
		if seen < 200 {
			t.Fatalf("only %d calls were tried", seen)
		}
	})
}
