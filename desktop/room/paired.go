package room

import (
	"context"

	"connectrpc.com/connect"
)

// Paired lets a client's calls carry a meeting's pairing code.
func Paired(code string) connect.ClientOption {
	return connect.WithInterceptors(connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			req.Header().Set(pairingHeader, code)
			return next(ctx, req)
		}
	}))
}
