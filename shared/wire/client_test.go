package wire_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect"

	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

// leaving is a server that goes away while it works on a call.
type leaving struct{ before func() }

func (l leaving) Do(r *http.Request) (*http.Response, error) {
	l.before()
	return &http.Response{StatusCode: 499, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(`{"code":"canceled"}`)), Request: r}, nil
}

// A call that the server gives up is a matter of the network; only one that was given up here is cancelled.
func TestWhoGaveUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	call := func(before func()) error {
		c := unitv1connect.NewUnitServiceClient(leaving{before}, "http://localhost", connect.WithInterceptors(wire.NewClient("client", nil)))
		_, err := c.SaveUnit(ctx, &unitv1.SaveUnitRequest{})
		return err
	}
	if err := call(func() {}); fault.CodeOf(err) != fault.Offline {
		t.Error("the server gave up:", err)
	}
	if err := call(cancel); !errors.Is(err, context.Canceled) {
		t.Error("this side gave up:", err)
	}
}
