package notice_test

import (
	"strings"
	"testing"

	noticev1 "zhiping/proto/gen/zhiping/notice/v1"
	"zhiping/shared/notice"
)

// Every state and every move: what is refused says what to do instead, and only publishing gives a date.
func TestMoves(t *testing.T) {
	const draft, published, withdrawn, deleted = noticev1.State_STATE_DRAFT, noticev1.State_STATE_PUBLISHED, noticev1.State_STATE_WITHDRAWN, noticev1.State_STATE_DELETED
	allowed := map[[2]noticev1.State]bool{{draft, published}: true, {draft, deleted}: true, {published, withdrawn}: true, {withdrawn, published}: true, {withdrawn, deleted}: true}
	for _, from := range []noticev1.State{draft, published, withdrawn, deleted} {
		for _, to := range []noticev1.State{published, withdrawn, deleted} {
			n := &noticev1.Notice{Title: "示例", State: from, PublishedAt: 1}
			err := notice.Move(n, to, 7)
			switch {
			case allowed[[2]noticev1.State{from, to}] && (err != nil || n.State != to):
				t.Errorf("%v to %v: %v", from, to, err)
			case !allowed[[2]noticev1.State{from, to}] && (err == nil || n.State != from || n.PublishedAt != 1):
				t.Errorf("%v to %v went through: %v", from, to, n)
			case err == nil && (n.PublishedAt == 7) != (to == published):
				t.Errorf("%v to %v: published at %d", from, to, n.PublishedAt)
			}
			if from == published && to == deleted && !strings.Contains(err.Error(), "请先撤回") {
				t.Error("it does not say that it is withdrawn first:", err)
			}
		}
	}
	for state, says := range map[noticev1.State]string{0: "", draft: "", withdrawn: "", published: "请先撤回", deleted: "已删除"} {
		if err := notice.Editable(&noticev1.Notice{State: state}); (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("changing one in %v: %v", state, err)
		}
	}
}
