// Package certificate makes and checks what stands in a certificate's QR code: a text that anyone can check with the server's public key
// alone (features H1, H2). Checked so, a certificate is known to be genuine; whether it has been revoked since only the server knows.
//
// The text is "zp-certificate/1", then one line per value (number, name, ID number masked, title, level, specialty, method, committee,
// issuer, approval date, document number, issuing instant, key id), then a line with the Ed25519 signature over all lines before it,
// base64url without padding.
package certificate

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	certificatev1 "zhiping/proto/gen/zhiping/certificate/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/catalog"
	"zhiping/shared/fault"
	"zhiping/shared/field"
)

const head = "zp-certificate/1"

// Facts is what a QR code says.
type Facts struct {
	Number, Name, ID, Title, Level, Specialty, Method, Committee, Issuer, ApprovedOn, Document, IssuedAt, KeyID string
}

func (f *Facts) values() []*string {
	return []*string{
		&f.Number, &f.Name, &f.ID, &f.Title, &f.Level, &f.Specialty, &f.Method, &f.Committee, &f.Issuer, &f.ApprovedOn, &f.Document, &f.IssuedAt, &f.KeyID,
	}
}

func (f *Facts) text() string {
	var b strings.Builder
	b.WriteString(head + "\n")
	for _, v := range f.values() {
		b.WriteString(strings.ReplaceAll(*v, "\n", " ") + "\n")
	}
	return b.String()
}

// Sign returns the text of a certificate's QR code.
func Sign(c *certificatev1.Certificate, key ed25519.PrivateKey) string {
	f := Facts{
		Number: c.CertificateNumber, Name: c.Name, ID: field.Mask(commonv1.Personal_PERSONAL_NUMBER, c.Number), Title: c.Title,
		Level: name("levels", c.Level), Specialty: name("specialties", c.Specialty), Method: name("methods", c.Method), Committee: c.CommitteeName,
		Issuer: c.Issuer, ApprovedOn: c.ApprovedOn, Document: c.DocumentNumber, IssuedAt: strconv.FormatInt(c.IssuedAt, 10), KeyID: c.KeyId,
	}
	text := f.text()
	return text + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(text)))
}

func name(list, code string) string {
	if n, ok := catalog.Name(list, code); ok {
		return n
	}
	return code
}

// Verify checks the text of a QR code with the server's public keys and returns what it says. The text names the key that signed it; a server has
// several after a rotation.
func Verify(qr string, keys ...ed25519.PublicKey) (*Facts, error) {
	i := strings.LastIndex(strings.TrimRight(qr, "\n"), "\n")
	if i < 0 || !strings.HasPrefix(qr, head+"\n") {
		return nil, fault.New(fault.Invalid, "不是本系统的证书二维码").At("qr")
	}
	text, sig := qr[:i+1], strings.TrimRight(qr[i+1:], "\n")
	b, err := base64.RawURLEncoding.DecodeString(sig)
	if err != nil {
		return nil, errSignature
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")[1:]
	f := &Facts{}
	values := f.values()
	if len(lines) != len(values) {
		return nil, fault.New(fault.Invalid, "二维码内容不完整").At("qr")
	}
	for i, l := range lines {
		*values[i] = l
	}
	for _, key := range keys {
		if ed25519.Verify(key, []byte(text), b) && f.KeyID == KeyID(key) {
			return f, nil
		}
	}
	for _, key := range keys {
		if f.KeyID == KeyID(key) {
			return nil, errSignature
		}
	}
	return nil, fault.New(fault.Invalid, "二维码由另一把密钥（%s）签名，不是本次核验使用的密钥，或该密钥已停用", f.KeyID).At("qr")
}

var errSignature = fault.New(fault.Invalid, "二维码签名无效，证书内容可能被改动").At("qr")

// KeyID names a signing key: the first eight bytes of the SHA-256 of its public half, in hex.
func KeyID(pub ed25519.PublicKey) string {
	h := sha256.Sum256(pub)
	return hex.EncodeToString(h[:8])
}
