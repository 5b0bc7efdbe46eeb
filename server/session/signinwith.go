package session

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"golang.org/x/oauth2"

	"github.com/coreos/go-oidc/v3/oidc"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/server/audit"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

// ticketFor is how long somebody without a unit has for the application (A2).
const ticketFor = time.Hour

var (
	readIdentity = db.SQL("SELECT i.staff_id, a.disabled FROM identity i JOIN account a ON a.staff_id = i.staff_id WHERE i.provider = $1 AND i.subject = $2")
	addIdentity  = db.SQL("INSERT INTO identity (provider, subject, staff_id, created) VALUES ($1, $2, $3, $4)")
	linked       = db.SQL("SELECT count(*) FROM identity WHERE provider = $1 AND (staff_id = $2 OR subject = $3)")
	addTicket    = db.SQL("INSERT INTO ticket (ticket, provider, subject, name, number, phone, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)")
	readTicket   = db.SQL("SELECT provider, subject, name, number, phone FROM ticket WHERE ticket = $1 AND expires > $2")
	dropTickets  = db.SQL("DELETE FROM ticket WHERE expires <= $1 OR provider = $2 AND subject = $3")
)

// ListProviders implements the RPC.
func (s *Service) ListProviders(context.Context, *sessionv1.ListProvidersRequest) (*sessionv1.ListProvidersResponse, error) {
	resp := &sessionv1.ListProvidersResponse{}
	for _, p := range s.providers {
		resp.Providers = append(resp.Providers, &sessionv1.Provider{Id: p.ID, Label: p.Label})
	}
	return resp, nil
}

func (s *Service) provider(id string) (*provider, error) {
	for _, p := range s.providers {
		if p.ID == id {
			return p, nil
		}
	}
	return nil, fault.New(fault.NotFound, "服务器没有配置该统一身份认证平台，请刷新登录页面").At("provider")
}

// BeginSignInWith implements the RPC.
func (s *Service) BeginSignInWith(ctx context.Context, r *sessionv1.BeginSignInWithRequest) (*sessionv1.BeginSignInWithResponse, error) {
	p, err := s.provider(r.Provider)
	if err != nil {
		return nil, err
	}
	found, err := p.discover(ctx)
	if err != nil {
		return nil, err
	}
	return &sessionv1.BeginSignInWithResponse{Url: p.oauth(found, r.RedirectUri).AuthCodeURL(r.State, oidc.Nonce(r.Nonce),
		oauth2.SetAuthURLParam("code_challenge", r.Challenge), oauth2.SetAuthURLParam("code_challenge_method", "S256"))}, nil
}

// SignInWith implements the RPC (A3). Whom a platform vouches for is known by the pair of platform and subject; the first time by the number of
// the ID, under which the superior has entered the handler. Who is nobody's staff gets a ticket for an application (A2).
func (s *Service) SignInWith(ctx context.Context, r *sessionv1.SignInWithRequest) (*sessionv1.SignInWithResponse, error) {
	p, err := s.provider(r.Provider)
	if err != nil {
		return nil, err
	}
	who, err := p.exchange(ctx, r)
	if err != nil {
		return nil, err
	}
	resp := &sessionv1.SignInWithResponse{}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		resp.SignedIn, resp.Vouched = nil, nil
		staffID, err := s.staffOf(ctx, tx, who)
		if err != nil {
			return err
		}
		if staffID == "" {
			resp.Vouched, err = s.ticket(ctx, tx, who)
			return err
		}
		resp.SignedIn, err = s.begin(ctx, tx, &begun{staffID: staffID, device: r.Device, provider: p.ID})
		if err != nil {
			return err
		}
		return p.serves(resp.SignedIn.Identity.Unit.Kind)
	})
	return resp, err
}

// staffOf is the member of staff that somebody is, "" for nobody yet.
func (s *Service) staffOf(ctx context.Context, tx *db.Tx, who *vouched) (string, error) {
	var id string
	var off bool
	err := tx.Get(ctx, []any{&id, &off}, readIdentity, who.provider, who.subject)
	if err == nil && off {
		return "", disabled()
	}
	if err == nil || !errors.Is(err, db.ErrNoRow) || who.number == "" {
		return id, ignoreNoRow(err)
	}
	all, err := s.byNumber(ctx, tx, who.number)
	switch {
	case err != nil || len(all) == 0:
		return "", err
	case len(all) > 1:
		return "", fault.New(fault.State, "您的证件号码登记在多个工作人员账号下，无法确定登录哪一个，请联系单位超级管理员停用多余的账号")
	}
	return all[0], s.link(ctx, tx, who, all[0])
}

func ignoreNoRow(err error) error {
	if errors.Is(err, db.ErrNoRow) {
		return nil
	}
	return err
}

// link ties a member of staff to who the person is at a platform; one person has one identity there.
func (s *Service) link(ctx context.Context, tx *db.Tx, who *vouched, staffID string) error {
	var n int
	if err := tx.Get(ctx, []any{&n}, linked, who.provider, staffID, who.subject); err != nil {
		return err
	}
	if n > 0 {
		return fault.New(fault.State, "该工作人员已绑定另一个统一身份，不能重复绑定，请联系管理员")
	}
	if _, err := tx.Exec(ctx, addIdentity, who.provider, who.subject, staffID, s.now().UnixMilli()); err != nil {
		return err
	}
	return s.noted(ctx, tx, audit.Subject{Kind: "account", ID: staffID})
}

// ticket lets somebody without a unit apply for one; an earlier ticket of the same person is void.
func (s *Service) ticket(ctx context.Context, tx *db.Tx, who *vouched) (*sessionv1.Vouched, error) {
	now := s.now()
	v := &sessionv1.Vouched{Ticket: rand.Text() + rand.Text(), Name: who.name, Number: who.number, Phone: who.phone, Expires: now.Add(ticketFor).UnixMilli()}
	if _, err := tx.Exec(ctx, dropTickets, now.UnixMilli(), who.provider, who.subject); err != nil {
		return nil, err
	}
	_, err := tx.Exec(ctx, addTicket, tokenHash(v.Ticket), who.provider, who.subject, v.Name, v.Number, v.Phone, v.Expires)
	return v, err
}

// Redeem spends a ticket on a new member of staff of a unit of this kind and gives the name and number that the platform has vouched for, "" where
// it says none.
func (s *Service) Redeem(ctx context.Context, tx *db.Tx, ticket, staffID string, kind commonv1.UnitKind) (name, number string, err error) {
	who := &vouched{}
	err = tx.Get(ctx, []any{&who.provider, &who.subject, &who.name, &who.number, &who.phone}, readTicket, tokenHash(ticket), s.now().UnixMilli())
	if errors.Is(err, db.ErrNoRow) {
		return "", "", fault.New(fault.Denied, "统一身份登录已过期（1小时内有效），请返回登录页面重新登录后再提交；填写的内容不会丢失")
	}
	if err != nil {
		return "", "", err
	}
	p, err := s.provider(who.provider)
	if err == nil {
		err = p.serves(kind)
	}
	if err != nil {
		return "", "", err
	}
	if _, err := tx.Exec(ctx, dropTickets, s.now().UnixMilli(), who.provider, who.subject); err != nil {
		return "", "", err
	}
	return who.name, who.number, s.link(ctx, tx, who, staffID)
}
