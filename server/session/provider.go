package session

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/shared/fault"
)

// A ProviderConfig is one unified identity platform that speaks OpenID Connect, as the server's administrator writes it down (A3).
type ProviderConfig struct {
	ID           string   `json:"id"`    // for the program; never changed once people have signed in with it
	Label        string   `json:"label"` // on the button, as in 内网登录
	Issuer       string   `json:"issuer"`
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret"` // empty for a public client; it never leaves the server
	Scopes       []string `json:"scopes"`        // besides openid; profile and phone if there are none
	Kinds        []string `json:"kinds"`         // of units that sign in here, as in HR, EMPLOYER; none for all
	NumberClaim  string   `json:"number_claim"`  // where the platform says the number of the ID; empty if it does not
	NameClaim    string   `json:"name_claim"`    // "name" if empty
	PhoneClaim   string   `json:"phone_claim"`   // "phone_number" if empty
}

// ReadProviders reads the JSON list of providers; the error is for the server's administrator.
func ReadProviders(r io.Reader) ([]ProviderConfig, error) {
	var all []ProviderConfig
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&all); err != nil {
		return nil, fmt.Errorf("providers: %w", err)
	}
	seen := map[string]bool{}
	for i, p := range all {
		if p.ID == "" || p.Label == "" || p.Issuer == "" || p.ClientID == "" || seen[p.ID] {
			return nil, fmt.Errorf("providers: number %d needs an id of its own, label, issuer and client_id", i+1)
		}
		seen[p.ID] = true
		for _, k := range p.Kinds {
			if _, ok := commonv1.UnitKind_value["UNIT_KIND_"+k]; !ok {
				return nil, fmt.Errorf("providers: %s: there are no units of kind %q", p.ID, k)
			}
		}
	}
	return all, nil
}

// provider is a platform that has been looked up, or is looked up when it is first needed: it may be down when this server starts.
type provider struct {
	ProviderConfig
	log *slog.Logger

	mu    sync.Mutex
	found *oidc.Provider
}

// providerTime bounds every call to a platform: a person waits for it.
const providerTime = 10 * time.Second

// calling is a context in which the libraries call platforms.
func calling(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, &http.Client{Timeout: providerTime})
}

// discover looks the platform up, once.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		// The library keeps the context for fetching keys later on: it must outlive this call.
		found, err := oidc.NewProvider(calling(context.WithoutCancel(ctx)), p.Issuer)
		if err != nil {
			return nil, p.away(err)
		}
		p.found = found
	}
	return p.found, nil
}

func (p *provider) away(err error) error {
	p.log.Warn("identity platform", "provider", p.ID, "error", err)
	return fault.New(fault.State, "暂时无法访问统一身份认证平台“%s”，请稍后重试，或使用账号和密码登录", p.Label)
}

func (p *provider) oauth(found *oidc.Provider, redirect string) *oauth2.Config {
	scopes := p.Scopes
	if len(scopes) == 0 {
		scopes = []string{"profile", "phone"}
	}
	return &oauth2.Config{ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: found.Endpoint(), RedirectURL: redirect, Scopes: append([]string{oidc.ScopeOpenID}, scopes...)}
}

// vouched is whom a platform has vouched for.
type vouched struct{ provider, subject, name, number, phone string }

// exchange trades a code for the platform's word on who it is: signature, issuer, audience, expiry (by the machine's clock) and nonce are
// checked. What goes wrong is logged without any token or code.
func (p *provider) exchange(ctx context.Context, r *sessionv1.SignInWithRequest) (*vouched, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return nil, err
	}
	ctx = calling(ctx)
	token, err := p.oauth(found, r.RedirectUri).Exchange(ctx, r.Code, oauth2.VerifierOption(r.Verifier))
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response.StatusCode < 500 {
		p.log.Warn("identity platform refuses a code", "provider", p.ID, "error", refused.ErrorCode, "status", refused.Response.StatusCode)
		return nil, fault.New(fault.Denied, "“%s”没有确认本次登录，登录可能已超时，请重新登录", p.Label)
	}
	if err != nil {
		return nil, p.away(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := found.VerifierContext(ctx, &oidc.Config{ClientID: p.ClientID}).Verify(ctx, raw)
	if err == nil && subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(r.Nonce)) != 1 {
		err = errors.New("another nonce")
	}
	if err != nil {
		p.log.Error("identity platform: token not accepted", "provider", p.ID, "error", err)
		return nil, fault.New(fault.Denied, "“%s”返回的登录信息没有通过核验，请联系管理员", p.Label)
	}
	claims, err := p.claims(ctx, found, token, id)
	if err != nil {
		return nil, p.away(err)
	}
	return &vouched{p.ID, id.Subject, claims.text(p.NameClaim, "name"), Number(claims.text(p.NumberClaim, "")), claims.text(p.PhoneClaim, "phone_number")}, nil
}

// said is what a platform says of a person.
type said map[string]any

func (s said) text(claim, otherwise string) string {
	if claim == "" {
		claim = otherwise
	}
	text, _ := s[claim].(string)
	return text
}

// claims are what the token says, completed by the UserInfo endpoint, where many platforms say it.
func (p *provider) claims(ctx context.Context, found *oidc.Provider, token *oauth2.Token, id *oidc.IDToken) (said, error) {
	all := said{}
	if err := id.Claims(&all); err != nil {
		return nil, err
	}
	if found.UserInfoEndpoint() == "" {
		return all, nil
	}
	info, err := found.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return nil, err
	}
	more := said{}
	if err := info.Claims(&more); err != nil {
		return nil, err
	}
	if info.Subject != id.Subject {
		return nil, errors.New("the user info is another person's")
	}
	for k, v := range more {
		if _, signed := all[k]; !signed {
			all[k] = v
		}
	}
	return all, nil
}

// serves refuses units that sign in elsewhere.
func (p *provider) serves(k commonv1.UnitKind) error {
	if len(p.Kinds) == 0 || slices.Contains(p.Kinds, k.String()[len("UNIT_KIND_"):]) {
		return nil
	}
	return fault.New(fault.Denied, "该类型的单位不能通过“%s”登录，请改用其他登录方式", p.Label)
}
