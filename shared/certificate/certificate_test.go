package certificate_test

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"

	certificatev1 "zhiping/proto/gen/zhiping/certificate/v1"
	"zhiping/shared/certificate"
)

func TestQR(t *testing.T) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	pub := key.Public().(ed25519.PublicKey)
	qr := certificate.Sign(&certificatev1.Certificate{CertificateNumber: "519900-2026-000001", Name: "𠅤示例", Number: "510101197101010018", Title: "工程师", Level: "3", KeyId: certificate.KeyID(pub)}, key)
	f, err := certificate.Verify(qr, pub)
	if err != nil || f.Name != "𠅤示例" || f.Level != "中级" || strings.Contains(qr, "510101197101010018") {
		t.Fatal(f, err)
	}
	for i := range qr {
		if i < len(qr)-2 { // the last sign of the base64 has unused bits
			bad := qr[:i] + string(qr[i]^1) + qr[i+1:]
			if _, err := certificate.Verify(bad, pub); err == nil {
				t.Fatalf("a change of byte %d is not noticed", i)
			}
		}
	}
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32)).Public().(ed25519.PublicKey)
	if _, err := certificate.Verify(qr, other); err == nil {
		t.Fatal("another key's signature is taken")
	}
	for _, bad := range []string{"", "zp-certificate/1", "zp-certificate/1\n", "https://example.org"} {
		if _, err := certificate.Verify(bad, pub); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
