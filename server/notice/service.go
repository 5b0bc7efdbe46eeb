// Package notice serves announcements (feature J3): a unit writes them, everybody reads what is published.
package notice

import (
	"context"
	"errors"

	noticev1 "zhiping/proto/gen/zhiping/notice/v1"
	"zhiping/server/command"
	"zhiping/server/feed"
	"zhiping/server/record"
	"zhiping/server/session"
	"zhiping/shared/db"
	"zhiping/shared/fault"
	rules "zhiping/shared/notice"
)

type message = *noticev1.Notice

// Notices are the records of announcements.
var Notices = record.Define(&record.Kind[message]{
	Name: "notice",
	New:  func() message { return &noticev1.Notice{} },
	Columns: []record.Column[message]{
		{Name: "unit_id", Value: func(n message) any { return n.UnitId }},
		{Name: "open_to", Value: func(n message) any { return openTo(n) }},
		{Name: "kind", Value: func(n message) any { return int64(n.Kind) }, Match: record.Exact, Sort: true},
		{Name: "title", Value: func(n message) any { return n.Title }, Match: record.Contains, Sort: true},
		{Name: "published_at", Value: func(n message) any { return n.PublishedAt }, Sort: true},
	},
	State: func(n message) string { return n.State.String() },
	Scopes: []record.Scope{
		{Name: "own", Column: "unit_id"},
		{Name: "published", Column: "open_to", Owner: func(*session.Caller) string { return feed.Everybody }},
	},
	Viewers: func(n message) []string { return []string{session.Viewer(n.UnitId)} },
	Open:    rules.Open,
})

func openTo(n message) string {
	if rules.Open(n) {
		return feed.Everybody
	}
	return ""
}

// A Service implements noticev1connect.NoticeServiceHandler.
type Service struct{ run *command.Runner }

// New returns the service.
func New(run *command.Runner) *Service { return &Service{run} }

// SaveNotice implements the RPC.
func (s *Service) SaveNotice(ctx context.Context, r *noticev1.SaveNoticeRequest) (*noticev1.SaveNoticeResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*noticev1.SaveNoticeResponse, error) {
		n := r.Notice
		n.State, n.PublishedAt = noticev1.State_STATE_DRAFT, 0
		if n.Revision > 0 {
			old, err := own(ctx, tx, n.Id, n.Revision)
			if err != nil {
				return nil, err
			}
			if err := rules.Editable(old); err != nil {
				return nil, err
			}
			n.State, n.PublishedAt = old.State, old.PublishedAt
		}
		n.UnitId, n.UnitName = tx.Caller.Unit.Id, tx.Caller.Unit.Name
		return &noticev1.SaveNoticeResponse{Notice: n}, Notices.Put(ctx, tx, n)
	})
}

// own loads an announcement of the caller's unit at a revision; others' are published for reading only.
func own(ctx context.Context, tx *command.Tx, id string, revision int64) (message, error) {
	n, err := Notices.SeeAt(ctx, tx, id, revision)
	if err == nil && n.UnitId != tx.Caller.Unit.Id {
		return nil, fault.New(fault.Denied, "只有发布单位可以办理该公告")
	}
	return n, err
}

// MoveNotices implements the RPC.
func (s *Service) MoveNotices(ctx context.Context, r *noticev1.MoveNoticesRequest) (*noticev1.MoveNoticesResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*noticev1.MoveNoticesResponse, error) {
		outcomes, err := record.EachAt(ctx, tx, Notices, r.Bases, func(n message) error {
			if n.UnitId != tx.Caller.Unit.Id {
				return fault.New(fault.Denied, "只有发布单位可以办理该公告")
			}
			return rules.Move(n, r.To, tx.Now)
		})
		return &noticev1.MoveNoticesResponse{Outcomes: outcomes}, err
	})
}

// GetNotice implements the RPC.
func (s *Service) GetNotice(ctx context.Context, r *noticev1.GetNoticeRequest) (*noticev1.GetNoticeResponse, error) {
	n, err := Notices.Get(ctx, s.run.DB, r.Id)
	return &noticev1.GetNoticeResponse{Notice: n}, err
}

// ListNotices implements the RPC.
func (s *Service) ListNotices(ctx context.Context, r *noticev1.ListNoticesRequest) (*noticev1.ListNoticesResponse, error) {
	rows, page, err := Notices.Rows(ctx, s.run.DB, r.Query)
	return &noticev1.ListNoticesResponse{Notices: rows, Page: page}, err
}

var byID = db.SQL("SELECT body FROM notice WHERE id = $1")

// ErrGone says that an announcement was published once and is no more.
var ErrGone = errors.New("notice: withdrawn")

// Published answers one published announcement to anybody: db.ErrNoRow for one that never was published, ErrGone for one that no longer is.
func Published(ctx context.Context, tx *db.Tx, id string) (message, error) {
	var b []byte
	if err := tx.Get(ctx, []any{&b}, byID, id); err != nil {
		return nil, err
	}
	n, err := Notices.Decode(b)
	switch {
	case err != nil:
		return nil, err
	case n.PublishedAt == 0:
		return nil, db.ErrNoRow
	case !rules.Open(n):
		return nil, ErrGone
	}
	return n, nil
}
