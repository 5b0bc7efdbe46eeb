package wire_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"connectrpc.com/connect"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

func TestRefused(t *testing.T) {
	done := &commonv1.Outcome{Id: "a"}
	stale := &commonv1.Outcome{Id: "b", Fault: wire.Proto(fault.New(fault.Conflict, "该记录已被他人修改"))}
	name := func(id string) string { return map[string]string{"a": "甲", "b": "乙"}[id] }
	for _, x := range []struct {
		outcomes []*commonv1.Outcome
		want     []string // "" for no fault
	}{
		{nil, nil},
		{[]*commonv1.Outcome{done, done}, nil},
		{[]*commonv1.Outcome{stale}, []string{"该记录已被他人修改"}},
		{[]*commonv1.Outcome{done, stale}, []string{"共 2 条，1 条未办理，其余已办理", "乙：该记录已被他人修改"}},
		{[]*commonv1.Outcome{stale, stale}, []string{"2 条均未办理", "乙："}},
	} {
		err := wire.Refused(x.outcomes, name)
		if (err == nil) != (x.want == nil) {
			t.Errorf("%v: %v", x.outcomes, err)
			continue
		}
		f := fault.As(err)
		for _, w := range x.want {
			said := f.Error()
			for _, p := range f.Problems {
				said += "\n" + p.Text
			}
			if !strings.Contains(said, w) || f.Code != fault.Conflict {
				t.Errorf("%q does not say %q", said, w)
			}
		}
	}
	if err := wire.First([]*commonv1.Outcome{done, stale}); fault.CodeOf(err) != fault.Conflict {
		t.Error(err)
	}
}

// A call that the caller gives up is canceled; one that was given up elsewhere, as by a server that ends, is a lost connection like any other.
func TestCanceledCalls(t *testing.T) {
	lost := connect.NewError(connect.CodeCanceled, context.Canceled)
	if err := wire.Decode(t.Context(), lost); fault.CodeOf(err) != fault.Offline {
		t.Errorf("given up by the other side: %v", err)
	}
	given, cancel := context.WithCancel(t.Context())
	cancel()
	if err := wire.Decode(given, lost); !errors.Is(err, context.Canceled) {
		t.Errorf("given up by the caller: %v", err)
	}
}
