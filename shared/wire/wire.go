// Package wire turns faults into Connect errors and back: the one pair of mappings, the server's interceptor and the client's.
package wire

import (
	"context"
	"errors"

	"connectrpc.com/connect"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/fault"
)

var codes = map[fault.Code]connect.Code{
	fault.Invalid: connect.CodeInvalidArgument, fault.NotFound: connect.CodeNotFound, fault.Denied: connect.CodePermissionDenied,
	fault.State: connect.CodeFailedPrecondition, fault.Conflict: connect.CodeAborted, fault.Late: connect.CodeOutOfRange,
	fault.Gap: connect.CodeFailedPrecondition, fault.Offline: connect.CodeUnavailable, fault.Internal: connect.CodeInternal,
}

// Proto returns a fault as its message; nil for nil.
func Proto(e *fault.Error) *commonv1.Fault {
	if e == nil {
		return nil
	}
	f := &commonv1.Fault{Code: string(e.Code), Message: e.Message, Field: e.Field}
	for _, p := range e.Problems {
		f.Problems = append(f.Problems, &commonv1.Problem{Field: p.Field, Text: p.Text})
	}
	return f
}

// Fault returns a message as the fault it is; nil for nil.
func Fault(f *commonv1.Fault) *fault.Error {
	if f == nil {
		return nil
	}
	e := &fault.Error{Code: fault.Code(f.Code), Message: f.Message, Field: f.Field}
	for _, p := range f.Problems {
		e.Problems = append(e.Problems, fault.Problem{Field: p.Field, Text: p.Text})
	}
	return e
}

// Encode returns a fault as the error that goes over the wire. An error that is no fault is not for people: the caller must have turned
// it into one.
func Encode(e *fault.Error, code connect.Code) *connect.Error {
	if code == 0 {
		code = codes[e.Code]
	}
	c := connect.NewError(code, errors.New(e.Message))
	if d, err := connect.NewErrorDetail(Proto(e)); err == nil {
		c.AddDetail(d)
	}
	return c
}

// Decode returns what came over the wire as a fault: the server's own words, or that it cannot be reached.
func Decode(ctx context.Context, err error) error {
	var c *connect.Error
	if err == nil || !errors.As(err, &c) {
		return err
	}
	for _, d := range c.Details() {
		if v, bad := d.Value(); bad == nil {
			if f, ok := v.(*commonv1.Fault); ok {
				return Fault(f)
			}
		}
	}
	if c.Code() == connect.CodeCanceled && ctx.Err() != nil {
		return context.Canceled
	}
	switch c.Code() {
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeCanceled: // canceled by the other side, or what lies between
		return fault.New(fault.Offline, "无法连接服务器，请检查网络后重试")
	case connect.CodeUnauthenticated:
		return fault.New(fault.Denied, "登录已失效，请重新登录")
	}
	return fault.New(fault.Internal, "服务器返回了无法识别的错误，请稍后重试：%s", c.Code())
}
