// Package right reads what is declared about rights and procedures in proto: one table that the server enforces and that the menu and the
// role editor show (A7; the menu of each kind of unit stands in features.md).
package right

import (
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
)

// All returns the rights a role can have, in the order of their numbers, and the one of everybody who is signed in.
var All = sync.OnceValue(func() []commonv1.Right {
	var all []commonv1.Right
	values := commonv1.Right(0).Descriptor().Values()
	for i := range values.Len() {
		if r := commonv1.Right(values.Get(i).Number()); r != commonv1.Right_RIGHT_UNSPECIFIED && r != commonv1.Right_RIGHT_PUBLIC {
			all = append(all, r)
		}
	}
	return all
})

var grants = sync.OnceValue(func() map[commonv1.Right]*commonv1.Grant {
	m := map[commonv1.Right]*commonv1.Grant{}
	values := commonv1.Right(0).Descriptor().Values()
	for i := range values.Len() {
		v := values.Get(i)
		g, _ := proto.GetExtension(v.Options(), commonv1.E_Grant).(*commonv1.Grant)
		m[commonv1.Right(v.Number())] = g
	}
	return m
})

// Grant returns what is declared about a right; nil for an unknown one.
func Grant(r commonv1.Right) *commonv1.Grant { return grants()[r] }

// Allowed reports whether a role of a unit of this kind can have the right.
func Allowed(r commonv1.Right, kind commonv1.UnitKind) bool {
	switch Grant(r).GetWho() {
	case commonv1.Who_WHO_ANYONE, commonv1.Who_WHO_SIGNED_IN, commonv1.Who_WHO_ALL:
		return true
	case commonv1.Who_WHO_ABOVE_EMPLOYER:
		return kind != commonv1.UnitKind_UNIT_KIND_UNSPECIFIED && kind != commonv1.UnitKind_UNIT_KIND_EMPLOYER
	case commonv1.Who_WHO_HR:
		return kind == commonv1.UnitKind_UNIT_KIND_HR
	}
	return false
}

// Grantable reports whether a role can be given the right: those of everybody need no role.
func Grantable(r commonv1.Right) bool {
	who := Grant(r).GetWho()
	return who == commonv1.Who_WHO_ALL || who == commonv1.Who_WHO_ABOVE_EMPLOYER || who == commonv1.Who_WHO_HR
}

// Method returns what is declared about a procedure; nil for nothing.
func Method(md protoreflect.MethodDescriptor) *commonv1.Method {
	m, _ := proto.GetExtension(md.Options(), commonv1.E_Method).(*commonv1.Method)
	return m
}
