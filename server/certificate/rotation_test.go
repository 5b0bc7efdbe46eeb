package certificate_test

import (
	"context"
	"crypto/ed25519"
	"strings"
	"testing"

	certificatev1 "zhiping/proto/gen/zhiping/certificate/v1"
	"zhiping/proto/gen/zhiping/certificate/v1/certificatev1connect"
	"zhiping/server/audit"
	"zhiping/server/certificate"
	"zhiping/server/command"
	"zhiping/server/servertest"
	rules "zhiping/shared/certificate"
)

var ctx = context.Background()

// A certificate that an earlier signing key has issued still checks after a rotation, also without the server; one of a retired key does not. So do the
// audit log's checkpoints.
func TestRotation(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		ring := h.Server.Keys
		c := &certificatev1.Certificate{Id: servertest.NewID(), UnitId: h.Top.Id, CertificateNumber: "510100HR01-2026-000001", Name: "示例人（虚构）", Title: "工程师", ApplicationId: servertest.NewID(), State: certificatev1.State_STATE_ISSUED, KeyId: ring.ID()}
		c.Qr = rules.Sign(c, ring.Signing())
		if _, err := command.Run(ctx, h.Server.Run, &certificatev1.GetCertificateRequest{}, func(tx *command.Tx) (*certificatev1.GetCertificateResponse, error) {
			return &certificatev1.GetCertificateResponse{}, certificate.Certificates.Put(ctx, tx, c)
		}); err != nil {
			t.Fatal(err)
		}
		n := h.Nobody()
		check := func() *certificatev1.CheckCertificateResponse {
			resp, err := certificatev1connect.NewCertificateServiceClient(n.HTTP, n.URL, n.Options...).CheckCertificate(ctx, &certificatev1.CheckCertificateRequest{Qr: c.Qr})
			if err != nil {
				t.Fatal(err)
			}
			return resp
		}
		if _, err := audit.Sign(ctx, h.Server.DB, ring.Note()); err != nil {
			t.Fatal(err)
		}
		first := ring.ID()
		if _, err := ring.Rotate(); err != nil {
			t.Fatal(err)
		}
		if x := check(); !x.Genuine || !strings.Contains(x.Text, "证书有效") {
			t.Error("after a rotation:", x)
		}
		if _, err := rules.Verify(c.Qr, ring.Verifying()...); err != nil {
			t.Error(err)
		}
		if _, err := rules.Verify(c.Qr, ring.Signing().Public().(ed25519.PublicKey)); err == nil {
			t.Error("the new key alone verifies what the old one signed")
		}
		if _, err := audit.Verify(ctx, h.Server.DB, ring.Verifiers()); err != nil {
			t.Error("the audit log's checkpoint of before:", err)
		}
		if err := ring.Retire(first); err != nil {
			t.Fatal(err)
		}
		if x := check(); x.Genuine || !strings.Contains(x.Text, "已停用") {
			t.Error("of a retired key:", x)
		}
		if _, err := audit.Verify(ctx, h.Server.DB, ring.Verifiers()); err == nil {
			t.Error("a checkpoint of a retired key is believed")
		}
		if _, err := audit.Sign(ctx, h.Server.DB, ring.Note()); err != nil {
			t.Fatal(err)
		}
		if _, err := audit.Verify(ctx, h.Server.DB, ring.Verifiers()); err != nil {
			t.Error("signed anew:", err)
		}
	})
}
