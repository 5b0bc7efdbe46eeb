package command

import (
	"crypto/sha256"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/field"
)

// digestOf is what a repeated mutation is recognised by. What is declared as hidden - passwords, tickets - is left out: a digest is no password
// hash, and whoever reads the database could try a billion passwords a second against it.
func digestOf(procedure string, req proto.Message, sent []byte) ([]byte, error) {
	if hides(req.ProtoReflect().Descriptor()) {
		shown := proto.Clone(req)
		hide(shown.ProtoReflect())
		var err error
		if sent, err = (proto.MarshalOptions{Deterministic: true}).Marshal(shown); err != nil {
			return nil, err
		}
	}
	h := sha256.New()
	h.Write([]byte(procedure + "\x00"))
	h.Write(sent)
	return h.Sum(nil), nil
}

func hidden(fd protoreflect.FieldDescriptor) bool {
	return field.Of(fd).GetPersonal() == commonv1.Personal_PERSONAL_HIDDEN
}

var hiding sync.Map // protoreflect.FullName -> bool

// hides reports whether a message can hold something hidden at any depth.
func hides(md protoreflect.MessageDescriptor) bool {
	if known, ok := hiding.Load(md.FullName()); ok {
		return known.(bool)
	}
	found := somewhere(md, map[protoreflect.FullName]bool{})
	hiding.Store(md.FullName(), found)
	return found
}

func somewhere(md protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) bool {
	if seen[md.FullName()] {
		return false
	}
	seen[md.FullName()] = true
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		if hidden(fd) || fd.Message() != nil && somewhere(fd.Message(), seen) {
			return true
		}
	}
	return false
}

// hide clears what is hidden, at any depth.
func hide(m protoreflect.Message) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case hidden(fd):
			m.Clear(fd)
		case fd.Message() == nil || fd.IsMap():
		case fd.IsList():
			for i := range v.List().Len() {
				hide(v.List().Get(i).Message())
			}
		default:
			hide(v.Message())
		}
		return true
	})
}
