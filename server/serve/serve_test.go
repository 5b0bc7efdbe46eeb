package serve_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/proto/gen/zhiping/session/v1/sessionv1connect"
	"zhiping/server/audit"
	"zhiping/server/rpc"
	"zhiping/server/servertest"
	"zhiping/shared/db"
	"zhiping/shared/fault"
	"zhiping/shared/field"
	"zhiping/shared/right"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

var ctx = context.Background()

// Every statement of the program is one text for both databases.
func TestEveryStatementOnBothDatabases(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		all := db.Statements()
		if len(all) < 50 {
			t.Fatalf("only %d statements are registered", len(all))
		}
		for _, q := range all {
			s, err := h.Server.DB.Raw().PrepareContext(ctx, db.Rebind(h.Server.DB.Dialect, q))
			if err != nil {
				t.Errorf("%v\n%s", err, q)
				continue
			}
			s.Close()
		}
	})
}

// beforeChange is all that is open to somebody who still has to change a password that another has set (A6).
var beforeChange = []string{
	sessionv1connect.SessionServiceChangePasswordProcedure, sessionv1connect.SessionServiceSignOutProcedure, sessionv1connect.SessionServiceWhoAmIProcedure,
}

// Every procedure declares who may call it, what it is called and whether it can wait for the network; every field has a label.
func TestDeclarations(t *testing.T) {
	methods := rpc.Methods()
	for procedure, m := range methods {
		if !strings.HasPrefix(procedure, "/zhiping.") {
			continue
		}
		if got, want := m.GetBeforeChange(), slices.Contains(beforeChange, procedure); got != want {
			t.Errorf("%s before the first password is changed: %v, want %v", procedure, got, want)
		}
		if m.GetRight() == commonv1.Right_RIGHT_UNSPECIFIED || m.GetLabel() == "" || m.GetOffline() == commonv1.Offline_OFFLINE_UNSPECIFIED {
			t.Errorf("%s lacks right, label or offline: %v", procedure, m)
		}
	}
	for _, r := range right.All() {
		if g := right.Grant(r); g.GetLabel() == "" || g.GetGroup() == "" || g.GetWho() == commonv1.Who_WHO_UNSPECIFIED {
			t.Errorf("%v lacks label, group or who", r)
		}
	}
	fields := 0
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if strings.HasPrefix(string(f.Package()), "zhiping.") && f.Path() != "zhiping/common/v1/options.proto" {
			fields += labels(t, f.Messages())
		}
		return true
	})
	if fields < 100 {
		t.Fatalf("only %d fields were seen", fields)
	}
}

func labels(t *testing.T, all protoreflect.MessageDescriptors) int {
	n := 0
	for i := range all.Len() {
		md := all.Get(i)
		for j := range md.Fields().Len() {
			fd := md.Fields().Get(j)
			if n++; field.Of(fd).GetLabel() == "" {
				t.Errorf("%s has no label", fd.FullName())
			}
			if fd.Enum() != nil && fd.Enum().FullName() != "zhiping.common.v1.Right" {
				for _, c := range field.Of(fd).Choices {
					if c.Label == "" {
						t.Errorf("value %d of %s has no label", c.Value, fd.Enum().FullName())
					}
				}
			}
		}
		n += labels(t, md.Messages())
	}
	return n
}

func TestSignIn(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := h.Nobody()
		s := sessionv1connect.NewSessionServiceClient(c.HTTP, c.URL, c.Options...)
		_, err := s.WhoAmI(ctx, &sessionv1.WhoAmIRequest{})
		if fault.CodeOf(err) != fault.Denied {
			t.Fatal("nobody is somebody:", err)
		}
		me := h.SignIn("topadmin")
		mine := sessionv1connect.NewSessionServiceClient(me.HTTP, me.URL, me.Options...)
		if _, err := mine.SignOut(ctx, &sessionv1.SignOutRequest{}); err != nil {
			t.Fatal(err)
		}
		if _, err := mine.WhoAmI(ctx, &sessionv1.WhoAmIRequest{}); fault.CodeOf(err) != fault.Denied {
			t.Fatal("the token outlived the session:", err)
		}
	})
}

func TestAuditNoticesChanges(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		d := h.Server.DB
		if _, err := audit.Sign(ctx, d, h.Server.Keys.Note()); err != nil {
			t.Fatal(err)
		}
		r, err := audit.Verify(ctx, d, h.Server.Keys.Verifiers())
		if err != nil || r.Entries != 1 || r.Signed != 1 {
			t.Fatal(r, err)
		}
		for _, harm := range []string{
			`UPDATE audit_entry SET entry = replace(entry, '"n":0', '"n":0,"x":1') WHERE n = 0`,
			`DELETE FROM audit_entry WHERE n = 0`,
		} {
			if _, err := d.Raw().Exec(harm); err != nil {
				t.Fatal(err)
			}
			if _, err := audit.Verify(ctx, d, h.Server.Keys.Verifiers()); err == nil {
				t.Errorf("not noticed: %s", harm)
			}
		}
	})
}
