package wire_test

import (
	"context"
	"errors"
	"testing"

	"connectrpc.com/connect"

	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

// A call that the server gives up is a matter of the network; only one that was given up here is cancelled.
func TestWhoGaveUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	call := wire.NewClient("client", nil).WrapUnary(func(context.Context, connect.AnyRequest) (connect.AnyResponse, error) {
		return nil, connect.NewError(connect.CodeCanceled, context.Canceled)
	})
	if _, err := call(ctx, connect.NewRequest(&unitv1.SaveUnitRequest{})); fault.CodeOf(err) != fault.Offline {
		t.Error("the server gave up:", err)
	}
	cancel()
	if _, err := call(ctx, connect.NewRequest(&unitv1.SaveUnitRequest{})); !errors.Is(err, context.Canceled) {
		t.Error("this side gave up:", err)
	}
}
