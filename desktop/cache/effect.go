package cache

import (
	"google.golang.org/protobuf/proto"

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
