// Package home answers for the desktop's first page (features B1-B4): the numbers of all lists in one call. Everything else that the page
// shows are records of the other domains, which the desktop has in its mirror.
package home

import (
	"context"

	homev1 "zhiping/proto/gen/zhiping/home/v1"
	"zhiping/server/session"
	"zhiping/shared/db"
)

// A Service implements homev1connect.HomeServiceHandler.
type Service struct{ db *db.DB }

// New returns the service.
func New(d *db.DB) *Service { return &Service{db: d} }

var countersOf = db.SQL("SELECT kind, scope, state, n FROM counter WHERE owner = $1 AND n <> 0 ORDER BY kind, scope, state")

// CountWork implements the RPC (B3): one read of the counters that the transactions keep, whatever stands in the lists.
func (s *Service) CountWork(ctx context.Context, _ *homev1.CountWorkRequest) (*homev1.CountWorkResponse, error) {
	resp := &homev1.CountWorkResponse{}
	return resp, s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, func(scan func(...any) error) error {
			c := &homev1.WorkCount{}
			resp.Counts = append(resp.Counts, c)
			return scan(&c.Kind, &c.Scope, &c.State, &c.Count)
		}, countersOf, session.Of(ctx).Unit.Id)
	})
}
