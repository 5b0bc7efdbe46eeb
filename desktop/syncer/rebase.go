package syncer

import (
	"context"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"zhiping/desktop/cache"
)

// Rebase gives a record the revision that is seen here now: what was typed on an older one goes on from there.
func (s *Syncer) Rebase(ctx context.Context, m proto.Message) error {
	return s.rebase(ctx, m.ProtoReflect())
}

// rebase gives every record and base of a request the revision that is seen here now.
func (s *Syncer) rebase(ctx context.Context, m protoreflect.Message) error {
	name := m.Descriptor().FullName()
	return s.rebaseIn(ctx, m, cache.KindOf(strings.Split(string(name), ".")[1], string(name.Name())))
}

func (s *Syncer) rebaseIn(ctx context.Context, m protoreflect.Message, kind string) error {
	fields := m.Descriptor().Fields()
	id, revision := fields.ByName("id"), fields.ByName("revision")
	if id != nil && revision != nil {
		if n := string(m.Descriptor().Name()); n != "Base" {
			kind = strings.ToLower(n) // a record that is carried by another one is of its own kind
		}
		now, ok, err := s.mirror.Get(ctx, kind, m.Get(id).String())
		if err != nil {
			return err
		}
		if ok {
			m.Set(revision, protoreflect.ValueOfInt64(cache.Revision(now)))
		}
	}
	var bad error
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.Kind() != protoreflect.MessageKind || fd.IsMap():
		case fd.IsList():
			for i := 0; i < v.List().Len() && bad == nil; i++ {
				bad = s.rebaseIn(ctx, v.List().Get(i).Message(), kind)
			}
		default:
			bad = s.rebaseIn(ctx, v.Message(), kind)
		}
		return bad == nil
	})
	return bad
}
