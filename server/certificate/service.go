// Package certificate issues electronic certificates and checks them (features H1, H2).
package certificate

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/google/uuid"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	certificatev1 "zhiping/proto/gen/zhiping/certificate/v1"
	"zhiping/server/application"
	"zhiping/server/command"
	"zhiping/server/committee"
	"zhiping/server/record"
	"zhiping/server/session"
	applicationrules "zhiping/shared/application"
	rules "zhiping/shared/certificate"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

type message = *certificatev1.Certificate

// Certificates are the records of certificates.
var Certificates = record.Define(&record.Kind[message]{
	Name: "certificate",
	New:  func() message { return &certificatev1.Certificate{} },
	Columns: []record.Column[message]{
		{Name: "unit_id", Value: func(c message) any { return c.UnitId }},
		{Name: "committee_unit_id", Value: func(c message) any { return c.CommitteeUnitId }},
		{Name: "applicant_unit_id", Value: func(c message) any { return c.ApplicantUnitId }},
		{Name: "application_id", Value: func(c message) any { return c.ApplicationId }},
		{Name: "certificate_number", Value: func(c message) any { return c.CertificateNumber }, Match: record.Exact, Sort: true},
		{Name: "name", Value: func(c message) any { return c.Name }, Match: record.Contains, Sort: true},
		{Name: "document_number", Value: func(c message) any { return c.DocumentNumber }, Match: record.Contains},
	},
	State:  func(c message) string { return c.State.String() },
	Scopes: []record.Scope{{Name: "own", Column: "unit_id"}, {Name: "committee", Column: "committee_unit_id"}, {Name: "applicant", Column: "applicant_unit_id"}},
	Viewers: func(c message) []string {
		return []string{session.Viewer(c.UnitId), session.Viewer(c.CommitteeUnitId), session.Viewer(c.ApplicantUnitId)}
	},
})

// A Service implements certificatev1connect.CertificateServiceHandler.
type Service struct {
	run  *command.Runner
	keys Keys
}

// Keys sign QR codes and check them; a key that signs no longer still checks what it has signed.
type Keys interface {
	Signing() ed25519.PrivateKey
	Verifying() []ed25519.PublicKey
}

// New returns the service; keys sign the QR codes.
func New(run *command.Runner, keys Keys) *Service { return &Service{run: run, keys: keys} }

// IssueCertificates implements the RPC (H2).
func (s *Service) IssueCertificates(ctx context.Context, r *certificatev1.IssueCertificatesRequest) (*certificatev1.IssueCertificatesResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*certificatev1.IssueCertificatesResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, application.Applications, r.Bases, func(a *applicationv1.Application) error {
			return s.issue(ctx, tx, a)
		})
		return &certificatev1.IssueCertificatesResponse{Outcomes: outcomes}, err
	})
}

func (s *Service) issue(ctx context.Context, tx *command.Tx, a *applicationv1.Application) error {
	if a.AuthorisingId != tx.Caller.Unit.Id {
		return fault.New(fault.Denied, "只有授权管理单位可以发放证书")
	}
	if err := applicationrules.Move(a, applicationrules.Certify); err != nil {
		return err
	}
	c, err := committee.Committees.Find(ctx, tx.Tx, a.CommitteeId)
	if err != nil {
		return err
	}
	key := s.keys.Signing()
	number, err := next(ctx, tx)
	if err != nil {
		return err
	}
	cert := &certificatev1.Certificate{
		Id: uuid.Must(uuid.NewV7()).String(), CertificateNumber: number, ApplicationId: a.Id, PersonId: a.PersonId, Name: a.Name, IdKind: a.IdKind, Number: a.Number,
		Sex: a.Sex, Birth: a.Birth, WorkUnit: a.WorkUnit, Series: a.Series, Level: a.Level, Title: a.Title, Specialty: a.Specialty, Method: a.Method,
		CommitteeName: c.Name, UnitId: tx.Caller.Unit.Id, Issuer: tx.Caller.Unit.Name, CommitteeUnitId: a.CommitteeUnitId, ApplicantUnitId: a.UnitId,
		ApprovedOn: a.ApprovedOn, DocumentNumber: a.DocumentNumber, IssuedAt: tx.Now, KeyId: rules.KeyID(key.Public().(ed25519.PublicKey)), State: certificatev1.State_STATE_ISSUED,
	}
	cert.Qr = rules.Sign(cert, key)
	a.CertificateNumber = number
	return Certificates.Put(ctx, tx, cert)
}

var nextSerial = db.SQL("INSERT INTO serial (unit_id, year, last) VALUES ($1, $2, 1) ON CONFLICT (unit_id, year) DO UPDATE SET last = serial.last + 1 RETURNING last")

// next takes the next number: unit (by its division and the tail of its credit code), year, serial.
func next(ctx context.Context, tx *command.Tx) (string, error) {
	year := 0
	if _, err := fmt.Sscan(tx.Today[:4], &year); err != nil {
		return "", err
	}
	var last int64
	if err := tx.Get(ctx, []any{&last}, nextSerial, tx.Caller.Unit.Id, year); err != nil {
		return "", err
	}
	u := tx.Caller.Unit
	return fmt.Sprintf("%s%s-%d-%06d", u.Division, u.CreditCode[len(u.CreditCode)-4:], year, last), nil
}

// GetCertificate implements the RPC.
func (s *Service) GetCertificate(ctx context.Context, r *certificatev1.GetCertificateRequest) (*certificatev1.GetCertificateResponse, error) {
	m, err := Certificates.Get(ctx, s.run.DB, r.Id)
	return &certificatev1.GetCertificateResponse{Certificate: m}, err
}

// ListCertificates implements the RPC.
func (s *Service) ListCertificates(ctx context.Context, r *certificatev1.ListCertificatesRequest) (*certificatev1.ListCertificatesResponse, error) {
	rows, page, err := Certificates.Rows(ctx, s.run.DB, r.Query)
	return &certificatev1.ListCertificatesResponse{Certificates: rows, Page: page}, err
}

var byNumber = db.SQL("SELECT body FROM certificate WHERE certificate_number = $1")

// CheckCertificate implements the RPC: by the QR code, or by number and name together.
func (s *Service) CheckCertificate(ctx context.Context, r *certificatev1.CheckCertificateRequest) (*certificatev1.CheckCertificateResponse, error) {
	number, name := r.Number, r.Name
	if r.Qr != "" {
		f, err := rules.Verify(r.Qr, s.keys.Verifying()...)
		if err != nil {
			return &certificatev1.CheckCertificateResponse{Text: err.Error()}, nil
		}
		number, name = f.Number, f.Name
	}
	var body []byte
	err := s.run.DB.Read(ctx, func(tx *db.Tx) error { return tx.Get(ctx, []any{&body}, byNumber, number) })
	if errors.Is(err, db.ErrNoRow) {
		return &certificatev1.CheckCertificateResponse{Text: "没有查到编号和姓名都相符的证书，请核对"}, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := Certificates.Decode(body)
	if err != nil {
		return nil, err
	}
	return found(c, name), nil
}

func found(c message, name string) *certificatev1.CheckCertificateResponse {
	switch {
	case c.Name != name:
		return &certificatev1.CheckCertificateResponse{Text: "没有查到编号和姓名都相符的证书，请核对"}
	case c.State != certificatev1.State_STATE_ISSUED:
		return &certificatev1.CheckCertificateResponse{Text: "该证书已撤销"}
	}
	return &certificatev1.CheckCertificateResponse{Genuine: true, Text: fmt.Sprintf("证书有效：%s，%s，%s，%s批准", c.Name, c.Title, c.CommitteeName, c.ApprovedOn)}
}
