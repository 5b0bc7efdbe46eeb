package cache

import (
	"time"

	"google.golang.org/protobuf/proto"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/review"
)

// An Effect lays over the mirror what a request will do once the server has run it, by the same rules; what cannot be known here it leaves
// out. An error undoes it: the view stays as it was before this request.
type Effect func(v *View, request proto.Message, by review.Actor) error

// Change changes one record of a view, if it is here.
func Change[M proto.Message](v *View, kind, id string, fn func(M) error) error {
	m, err := v.Get(kind, id)
	if err != nil || m == nil {
		return err
	}
	if err := fn(m.(M)); err != nil {
		return nil //nolint:nilerr // the server will refuse it too, and say why
	}
	return v.Put(kind, m)
}

// At is when the mutation that is replayed was made, UTC milliseconds by this machine's clock.
func (v *View) At() int64 { return v.at }

// Each is Change for every record of a batch.
func Each[M proto.Message](v *View, kind string, bases []*commonv1.Base, fn func(M) error) error {
	for _, b := range bases {
		if err := Change(v, kind, b.GetId(), fn); err != nil {
			return err
		}
	}
	return nil
}

// Today is the civil date at +08:00 of when the mutation was made.
func (v *View) Today() string { return time.UnixMilli(v.at).In(china).Format(time.DateOnly) }
