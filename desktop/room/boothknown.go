package room

import "context"

// Known reports whether an expert has checked in on this laptop before: he needs his PIN alone then.
func (b *Booth) Known(ctx context.Context, expert string) (bool, error) {
	x, err := b.outbox.Expert(ctx, b.Package.Session, expert)
	return x != nil, err
}
