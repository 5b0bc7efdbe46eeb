package meeting_test

import (
	"bytes"
	"strings"
	"testing"

	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/server/servertest"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// A rehearsal has the same settings and keys and as many people, all invented; it moves nobody, its record can be checked and is never taken as a
// result, before and after the real package.
func TestRehearsal(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newCouncil(t, h, 3)
		rehearse := func() *meetingv1.Issued {
			resp, err := c.client().IssueRehearsal(ctx, &meetingv1.IssueRehearsalRequest{Base: c.base()})
			if err != nil {
				t.Fatal(err)
			}
			return resp.Packages[0]
		}
		pkg := rehearse()
		equal(t, "states", c.states(), "qqq")
		r := c.room(pkg.Package, &ballot.Memory{})
		if p := r.Package; !p.Rehearsal || len(p.Applicants) != 3 || len(p.Experts) != 10 || p.Hub != c.hub.Public() || p.Custodians[1].SignKey != c.custodians[1].Sign.Public() || p.Session == c.m.Id {
			t.Fatal(p)
		}
		for _, secret := range append(c.people, "申报人", "示例申报单位", c.experts[0]) {
			if bytes.Contains(pkg.Package, []byte(secret)) {
				t.Errorf("the package names somebody real: %s", secret)
			}
		}
		if len(r.Package.Experts[1].Recused) != 1 || r.Package.Experts[1].Recused[0] != r.Package.Applicants[0].ID {
			t.Error("nobody recuses himself:", r.Package.Experts)
		}
		r.CheckIn(10)
		r.Open("R1")
		for _, v := range r.Voters {
			b := r.Ballot(ballot.Agree)
			r.VoteNext(v, "R1", b)
		}
		r.Finish("R1", "1,2", 0, 1)
		record := r.Record()
		check := func(file []byte) *meetingv1.CheckRecordResponse {
			resp, err := c.client().CheckRecord(ctx, &meetingv1.CheckRecordRequest{Id: c.m.Id, Record: file})
			if err != nil {
				t.Fatal(err)
			}
			return resp
		}
		if x := check(record); !x.Holds || !x.Rehearsal || x.ShortRoot == "" || !strings.Contains(x.Report, "这是演练的会议记录") {
			t.Error(x)
		}
		bad := bytes.Clone(record)
		bad[len(bad)/2] ^= 1
		if x := check(bad); x.Holds || !strings.Contains(x.Report, "核验结论：不成立") {
			t.Error(x)
		}
		c.drill()
		c.issue()
		_, err := c.handOver(record)
		c.refused(err, fault.Invalid, "这是演练的会议记录")
		if again := rehearse(); again.SessionId == pkg.SessionId {
			t.Error("a second rehearsal has the log of the first")
		}
		equal(t, "states", c.states(), "mmm")
	})
}
