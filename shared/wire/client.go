package wire

import (
	"context"
	"strconv"
	"sync/atomic"

	"connectrpc.com/connect"

	"zhiping/shared/right"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// MutationHeader names the header with a mutation's client and number, "<client>/<number>" (sync.md). Numbers of an outbox are contiguous; what
// is called at once, beside any outbox, ends in "/direct": it is recognised when it comes again, but may overtake another.
const MutationHeader = "Zhiping-Mutation"

// Direct marks a mutation that belongs to no outbox. Skip marks one that the clerk gives up: it takes its number, and nothing else.
const (
	Direct = "direct"
	Skip   = "skip"
)

// A Client is the client's interceptor: it adds the token, numbers the mutations and turns what comes back into faults.
type Client struct {
	id    string
	token func() string
	last  atomic.Int64
}

// NewClient returns the interceptor of one installation; token gives the present token, and may be nil.
func NewClient(id string, token func() string) *Client { return &Client{id: id, token: token} }

type numberKey struct{}

// Numbered fixes the number of the mutation that a call makes, so that a repeated call is the same mutation.
func Numbered(ctx context.Context, number int64) context.Context {
	return context.WithValue(ctx, numberKey{}, number)
}

// Next returns a number that has not been used yet.
func (c *Client) Next() int64 { return c.last.Add(1) }

func (c *Client) bearer() string {
	if c.token == nil {
		return ""
	}
	return c.token()
}

// WrapUnary implements connect.Interceptor.
func (c *Client) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		if t := c.bearer(); t != "" {
			req.Header().Set("Authorization", "Bearer "+t)
		}
		if md, ok := req.Spec().Schema.(protoreflect.MethodDescriptor); ok && !right.Method(md).GetReads() {
			n, fixed := ctx.Value(numberKey{}).(int64)
			if !fixed {
				n = c.Next()
			}
			req.Header().Set(MutationHeader, c.id+"/"+strconv.FormatInt(n, 10)+"/"+Direct)
		}
		resp, err := next(ctx, req)
		return resp, Decode(ctx, err)
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (c *Client) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		if t := c.bearer(); t != "" {
			conn.RequestHeader().Set("Authorization", "Bearer "+t)
		}
		return conn
	}
}

// WrapStreamingHandler implements connect.Interceptor.
func (c *Client) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}
