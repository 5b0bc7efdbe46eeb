package ballot_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/fault"
)

var ctx = context.Background()

// held is a room whose round R1 has been voted on by eleven of eleven: nine agree, two oppose.
func held(t *testing.T) (*ballottest.Room, map[string][]byte) {
	t.Helper()
	r := ballottest.New(t, &ballot.Memory{}, 11, 5)
	r.CheckIn(11)
	r.Open("R1")
	for i, v := range r.Voters {
		cell := ballot.Agree
		if i >= 9 {
			cell = ballot.Oppose
		}
		r.Vote(v, "R1", r.Ballot(cell))
	}
	return r, map[string][]byte{"R1": r.Finish("R1", "1,3", 0, 2)}
}

func TestMeeting(t *testing.T) {
	r, columns := held(t)
	v, err := ballot.Verify(r.Evidence(columns).Encode(r.Package), r.Server.Public())
	if err != nil {
		t.Fatal(err)
	}
	res := v.State.Rounds["R1"].Tally.Results
	if len(res) != 5 || res[0].Agree != 9 || res[0].Oppose != 2 || res[0].Need != 8 || res[0].Decision != ballot.Passed {
		t.Fatal(res)
	}
	if got := res[0].Text(11); got != "出席11人，同意9票，需8票，通过" {
		t.Fatal(got)
	}
}

// Columns with a row more or less than ballots count are not counted, whatever the tally says of them: of every applicant, and of the first alone (V4).
func TestRowsAreAsManyAsCount(t *testing.T) {
	r, columns := held(t)
	round := r.Package.Round("R1")
	if _, err := ballot.Count(r.Package, round, columns["R1"], 11, 0, 11); err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		columns                   []byte
		counted, invalid, present int64
	}{
		"a ballot more is said to count":       {columns["R1"], 12, 0, 12},
		"a ballot less is said to count":       {columns["R1"], 10, 0, 11},
		"a ballot is said to be invalid":       {columns["R1"], 11, 1, 11},
		"an invalid one is not said to be one": {columns["R1"], 12, 0, 11},
		"a row is gone":                        {cut(columns["R1"], 3), 11, 0, 11},
		"the last row of all is gone":          {cut(columns["R1"], strings.Count(string(columns["R1"]), "\n")-1), 11, 0, 11},
	} {
		if results, err := ballot.Count(r.Package, round, x.columns, x.counted, x.invalid, x.present); err == nil {
			t.Errorf("%s: counted as %+v", name, results)
		}
	}
}

func TestMissingBallotsStayInTheBase(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 11, 1)
	r.CheckIn(11)
	r.Open("R1")
	for _, v := range r.Voters[:7] {
		r.Vote(v, "R1", r.Ballot(ballot.Agree))
	}
	r.Finish("R1", "1,2", 0, 1)
	r.Session.View(func(s *ballot.State) {
		if res := s.Rounds["R1"].Tally.Results[0]; res.Base != 11 || res.Missing != 4 || res.Decision != ballot.NotPass {
			t.Error(res)
		}
	})
}

func TestQuorum(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 11, 1)
	r.CheckIn(7)
	o, err := r.OpenObject("R1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Session.Append(ctx, o); err == nil || !strings.Contains(err.Error(), "三分之二") {
		t.Fatal("seven of eleven opened a round:", err)
	}
}

func TestRecusal(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 3, 2)
	r.Package.Experts[0].Recused = []string{"A0002"}
	r.Package.Rounds[0].Base = ballot.AttendingLessRecused
	r.Issue(&ballot.Memory{})
	r.CheckIn(3)
	r.Open("R1")
	for _, v := range r.Voters {
		r.Vote(v, "R1", r.Ballot(ballot.Agree))
	}
	r.Finish("R1", "2,3", 1, 2)
	r.Session.View(func(s *ballot.State) {
		res := s.Rounds["R1"].Tally.Results
		if res[0].Agree != 3 || res[1].Recused != 1 || res[1].Base != 2 || res[1].Need != 2 {
			t.Error(res)
		}
	})
}

func TestScores(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 3, 1)
	r.CheckIn(3)
	r.Open("R2")
	for i, v := range r.Voters {
		r.Vote(v, "R2", &ballot.Ballot{Scores: [][]uint16{{uint16(80 + i), 10}}})
	}
	if _, err := r.Voters[0].Seal("R2", &ballot.Ballot{Scores: [][]uint16{{101, 0}}}, 1); err == nil {
		t.Error("a score over the maximum was sealed")
	}
	columns := map[string][]byte{"R2": r.Finish("R2", "1,2", 0, 1)}
	v, err := ballot.Verify(r.Evidence(columns).Encode(r.Package), r.Server.Public())
	if err != nil {
		t.Fatal(err)
	}
	if res := v.State.Rounds["R2"].Tally.Results[0]; res.Scored != 3 || res.Sum != 273 || res.Mean != 9100 || res.Rank != 1 {
		t.Fatal(res)
	}
}

func TestRefusedEnvelopes(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 5, 3)
	early, err := r.Voters[0].Seal("R1", r.Ballot(ballot.Agree), 1)
	if err != nil {
		t.Fatal(err)
	}
	r.CheckIn(4)
	expect := func(name string, raw []byte, reason string) {
		t.Helper()
		receipt, err := r.Session.Append(ctx, raw)
		if err != nil || receipt.Reason != reason {
			t.Fatalf("%s: %v, %v; want %s", name, receipt, err, reason)
		}
		again, err := r.Session.Append(ctx, raw)
		if err != nil || again.Reason != reason || again.Index != receipt.Index {
			t.Fatalf("%s again: %v, %v", name, again, err)
		}
	}
	if _, err := r.Session.Append(ctx, early.Raw); fault.CodeOf(err) != fault.State {
		t.Fatal("before the round is open:", err)
	}
	r.Open("R1")
	e, first := r.Vote(r.Voters[0], "R1", r.Ballot(ballot.Agree))
	again := r.Append(e.Raw, nil)
	if again.Index != first.Index || again.Object != first.Object {
		t.Fatal("the same ballot got another receipt")
	}
	second, err := r.Voters[0].Seal("R1", r.Ballot(ballot.Oppose), 2)
	if err != nil {
		t.Fatal(err)
	}
	expect("a second ballot", second.Raw, ballot.RejectNeedReturn)
	absent, err := r.Voters[4].Seal("R1", r.Ballot(ballot.Agree), 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Session.Append(ctx, absent.Raw); fault.CodeOf(err) != fault.State {
		t.Fatal("an expert who has not checked in:", err)
	}
	stolen := *r.Voters[1]
	stolen.Expert = r.Voters[2].Expert
	foreign, err := stolen.Seal("R1", r.Ballot(ballot.Agree), 2)
	if err != nil {
		t.Fatal(err)
	}
	expect("another's name", foreign.Raw, ballot.RejectCredential)
	closed, err := r.Voters[1].Seal("R2", &ballot.Ballot{Scores: [][]uint16{{1, 1}, {1, 1}, {1, 1}}}, 3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Session.Append(ctx, closed.Raw); fault.CodeOf(err) != fault.State {
		t.Fatal("a round that is not open:", err)
	}
	elsewhere := *r.Voters[1]
	elsewhere.PackageID[0] ^= 1
	other, err := elsewhere.Seal("R1", r.Ballot(ballot.Agree), 2)
	if err != nil {
		t.Fatal(err)
	}
	expect("another package", other.Raw, ballot.RejectWrongRound)
	for _, v := range r.Voters[1:4] {
		r.Vote(v, "R1", r.Ballot(ballot.Agree))
	}
	r.Append(r.CloseObject("R1"))
	late, err := r.Voters[1].Seal("R1", r.Ballot(ballot.Oppose), 9)
	if err != nil {
		t.Fatal(err)
	}
	expect("after the close", late.Raw, ballot.RejectLate)
}

// One bit anywhere in an envelope changes its id, so its receipt is not this one; nothing of it is counted as somebody's ballot.
func TestOneBit(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 3, 1)
	r.CheckIn(3)
	r.Open("R1")
	e, err := r.Voters[0].Seal("R1", r.Ballot(ballot.Agree), 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(e.Raw); i += 7 {
		bad := bytes.Clone(e.Raw)
		bad[i] ^= 1
		receipt, err := r.Session.Append(ctx, bad)
		if err == nil && receipt.Reason == "" {
			t.Fatalf("byte %d changed, and it was counted", i)
		}
	}
	r.Vote(r.Voters[0], "R1", r.Ballot(ballot.Agree))
}

// A ballot whose layers do not hold the same cells as its commitment stays in the base and counts for nobody.
func TestUnequalLayers(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 3, 2)
	r.CheckIn(3)
	r.Open("R1")
	bad, err := r.Voters[0].SealUnequal("R1", r.Ballot(ballot.Agree), r.Ballot(ballot.Oppose), 1)
	if err != nil {
		t.Fatal(err)
	}
	r.Append(bad.Raw, nil)
	for _, v := range r.Voters[1:] {
		r.Vote(v, "R1", r.Ballot(ballot.Agree))
	}
	columns := map[string][]byte{"R1": r.Finish("R1", "2,3", 1, 2)}
	r.Session.View(func(s *ballot.State) {
		if res := s.Rounds["R1"].Tally.Results[0]; res.Invalid != 1 || res.Agree != 2 || res.Base != 3 || res.Decision != ballot.Passed {
			t.Error(res)
		}
	})
	if _, err := ballot.Verify(r.Evidence(columns).Encode(r.Package), r.Server.Public()); err != nil {
		t.Fatal(err)
	}
}

// Another's sealed ballot under one's own, properly signed header does not open, because each outer layer is bound to its header: it stays in the
// base and counts for nobody, and the original counts once.
func TestCopiedUnderAnotherHeader(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 3, 1)
	r.CheckIn(3)
	r.Open("R1")
	original, _ := r.Vote(r.Voters[0], "R1", r.Ballot(ballot.Agree))
	copied, err := r.Voters[1].SealCopied("R1", original, r.Ballot(ballot.Oppose), 2)
	if err != nil {
		t.Fatal(err)
	}
	r.Append(copied.Raw, nil)
	r.Vote(r.Voters[2], "R1", r.Ballot(ballot.Agree))
	columns := map[string][]byte{"R1": r.Finish("R1", "1,2", 0, 1)}
	r.Session.View(func(s *ballot.State) {
		if res := s.Rounds["R1"].Tally.Results[0]; res.Invalid != 1 || res.Agree != 2 || res.Oppose != 0 || res.Base != 3 {
			t.Error(res)
		}
	})
	if _, err := ballot.Verify(r.Evidence(columns).Encode(r.Package), r.Server.Public()); err != nil {
		t.Fatal(err)
	}
}

// After a return only the ballot that names it counts: neither one sealed before, nor one of a wrong chain, whoever brings it, and what was returned
// comes back by no replay (V3).
func TestARelayResurrectsNothing(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 3, 2)
	r.CheckIn(3)
	r.Open("R1")
	v := r.Voters[0]
	held, err := v.Seal("R1", r.Ballot(ballot.Oppose), 1) // sealed before, kept by a relay
	if err != nil {
		t.Fatal(err)
	}
	first := r.VoteNext(v, "R1", r.Ballot(ballot.Oppose))
	r.Return(v, first, true)
	var chain ballot.Chain
	r.Session.View(func(s *ballot.State) { chain, _ = s.NextChain("R1", v.Expert) })
	other := ballot.IDOf(held.Raw).String()
	wrong := map[string][]byte{"sealed before": held.Raw}
	for name, c := range map[string]ballot.Chain{
		"another return": {Version: 2, Prev: chain.Prev, Return: other}, "another ballot before": {Version: 2, Prev: other, Return: chain.Return},
		"the version again": {Version: 1, Prev: chain.Prev, Return: chain.Return},
	} {
		e, _, err := v.SealNext("R1", c, r.Ballot(ballot.Oppose), 2)
		if err != nil {
			t.Fatal(err)
		}
		wrong[name] = e.Raw
	}
	for name, raw := range wrong {
		if receipt := r.Append(raw, nil); receipt.Reason != ballot.RejectNeedReturn {
			t.Errorf("%s: %q", name, receipt.Reason)
		}
	}
	good := r.VoteNext(v, "R1", r.Ballot(ballot.Agree))
	for name, raw := range wrong {
		if receipt := r.Append(raw, nil); receipt.Reason != ballot.RejectNeedReturn {
			t.Errorf("%s, later: %q", name, receipt.Reason)
		}
	}
	r.Append(first.Raw, nil) // the same receipt as before, and nothing more
	r.Session.View(func(s *ballot.State) {
		if c := s.Counted("R1"); len(c) != 1 || !bytes.Equal(c[0].Raw, good.Raw) {
			t.Error("another ballot counts")
		}
	})
	agree(t, r.Record(), r.Server.Public())
}

// A next version without a return does not count while the head is in force, and a first one is version 1 that names nothing before it (V3).
func TestAChainBeginsWithOneAndNeedsReturns(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 3, 2)
	r.CheckIn(3)
	r.Open("R1")
	other := strings.Repeat("ab", 32)
	send := func(v *ballot.Voter, c ballot.Chain) (string, error) {
		t.Helper()
		e, _, err := v.SealNext("R1", c, r.Ballot(ballot.Oppose), r.Now())
		if err != nil {
			t.Fatal(err)
		}
		receipt, err := r.Session.Append(ctx, e.Raw)
		if err != nil {
			return "later", nil
		}
		return receipt.Reason, nil
	}
	first := r.VoteNext(r.Voters[0], "R1", r.Ballot(ballot.Agree))
	head := ballot.IDOf(first.Raw).String()
	for _, x := range []struct {
		name  string
		voter int
		chain ballot.Chain
		want  string
	}{
		{"the next version without a return", 0, ballot.Chain{Version: 2, Prev: head}, ballot.RejectNeedReturn},
		{"the next version of nothing", 0, ballot.Chain{Version: 2}, ballot.RejectNeedReturn},
		{"the next version under a return that has not come", 0, ballot.Chain{Version: 2, Prev: head, Return: other}, "later"},
		{"a version after the next", 0, ballot.Chain{Version: 3, Prev: other, Return: other}, "later"},
		{"a version after the next without a return", 0, ballot.Chain{Version: 3, Prev: head}, ballot.RejectNeedReturn},
		{"a first one of version 2", 1, ballot.Chain{Version: 2}, ballot.RejectMalformed},
		{"a first one that replaces another's", 1, ballot.Chain{Version: 1, Prev: head}, ballot.RejectMalformed},
		{"a first one under a return", 1, ballot.Chain{Version: 1, Return: other}, ballot.RejectMalformed},
		{"a second one before the first", 1, ballot.Chain{Version: 2, Prev: head, Return: other}, "later"},
	} {
		if got, err := send(r.Voters[x.voter], x.chain); err != nil || got != x.want {
			t.Errorf("%s: %q, want %q (%v)", x.name, got, x.want, err)
		}
	}
	r.Session.View(func(s *ballot.State) {
		if c := s.Counted("R1"); len(c) != 1 || !bytes.Equal(c[0].Raw, first.Raw) {
			t.Error("another ballot counts")
		}
	})
	agree(t, r.Record(), r.Server.Public())
}

// A tally whose figures do not add up to what the close counted is not taken into the log, though the hub has signed it (V5).
func TestATallyMustBalance(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 5, 2)
	r.CheckIn(5)
	r.Open("R1")
	for _, v := range r.Voters[:4] {
		r.VoteNext(v, "R1", r.Ballot(ballot.Agree))
	}
	r.Close("R1")
	var id ballot.ID
	r.Session.View(func(s *ballot.State) { id = s.Rounds["R1"].CloseID })
	for _, k := range []int{0, 1} {
		r.Append((&ballot.Opening{Session: r.Package.Session, Close: id[:], Pair: "1,2", At: r.Now()}).Sign(r.Custodians[k].Sign))
	}
	var tally []byte
	var err error
	r.Session.View(func(s *ballot.State) {
		tally, r.Columns["R1"], err = ballot.OpenRound(s, "R1", "test", r.Custodians[0], r.Custodians[1], r.Hub)
	})
	if err != nil {
		t.Fatal(err)
	}
	text := ballot.TextOf(tally)
	const first, second = "result A0001|4|0|0|0|0|1|", "result A0002|4|0|0|0|0|1|"
	if !strings.Contains(text, first) || !strings.Contains(text, second) {
		t.Fatal(text)
	}
	for name, change := range map[string][2]string{
		"a vote more":                  {first, "result A0001|5|0|0|0|0|1|"},
		"a vote less":                  {second, "result A0002|3|0|0|0|0|1|"},
		"nobody is missing":            {first, "result A0001|4|0|0|0|0|0|"},
		"an invalid one without an id": {first, "result A0001|3|0|0|0|1|1|"},
		"an invalid id without one":    {first, "invalid " + strings.Repeat("ab", 32) + "\n" + first},
		"an applicant left out":        {text[strings.Index(text, "result A0002"):], ""},
		"an applicant twice":           {"result A0002|", "result A0001|"},
	} {
		object, err := ballot.SignText(strings.Replace(text, change[0], change[1], 1), r.Hub)
		if r.Try(object, err) == nil {
			t.Fatalf("%s: taken", name)
		}
	}
	r.Append(tally, nil)
}

// After the close nothing changes the round any more: no return, no wish for one, no word of a laptop, no attendance, no second close; only another opening
// with chair and reason, and that not once a custodian has signed (V6).
func TestNothingAfterTheClose(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 4, 2)
	r.CheckIn(4)
	r.Open("R1")
	e := r.VoteNext(r.Voters[0], "R1", r.Ballot(ballot.Agree))
	id := ballot.IDOf(e.Raw)
	wish, err := (&ballot.Request{Session: "M1-S1", Envelope: id[:], Reason: "误选", At: r.Now()}).Sign(r.Voters[0].Key)
	r.Append(wish, err)
	second, err := r.CloseObject("R1")
	if err != nil {
		t.Fatal(err)
	}
	r.Close("R1")
	size, root, err := r.Session.Head()
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(name string, object []byte, err error) {
		t.Helper()
		if r.Try(object, err) == nil {
			t.Errorf("%s: taken after the close", name)
		}
	}
	for _, k := range []string{ballot.ByStaff, ballot.IDOf(wish).String()} {
		o, err := (&ballot.Return{Session: "M1-S1", Envelope: id[:], Reason: "理由", Request: k, At: r.Now()}).Sign(r.Staff)
		refuse("a return", o, err)
	}
	o, err := (&ballot.Request{Session: "M1-S1", Envelope: id[:], Reason: "误选", At: r.Now()}).Sign(r.Voters[0].Key)
	refuse("a wish", o, err)
	o, err = (&ballot.Device{Session: "M1-S1", Round: "R1", Expert: "E01", Device: "laptop", Origin: r.Package.Origin, Size: size, Root: root[:], At: r.Now()}).Sign(r.Voters[0].Key)
	refuse("a laptop's word", o, err)
	for _, status := range []string{ballot.Absent, ballot.Left, ballot.Present} {
		o, err = r.Attend(1, status, "临时有事").Sign(r.Staff, r.Chair, r.Supervisor)
		refuse("an attendance", o, err)
	}
	refuse("a second close", second, nil)
	o, err = r.OpenObject("R2")
	refuse("another round", o, err)
	var closed ballot.ID
	var again *ballot.Open
	r.Session.View(func(s *ballot.State) {
		closed = s.Rounds["R1"].CloseID
		again, err = s.OpenOf("R1", "再议", r.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
	o, err = again.Sign(r.Staff)
	refuse("an opening again without the chair", o, err)
	r.Append((&ballot.Opening{Session: "M1-S1", Close: closed[:], Pair: "1,2", At: r.Now()}).Sign(r.Custodians[0].Sign))
	o, err = again.Sign(r.Staff, r.Chair)
	refuse("an opening again after a custodian's word", o, err)
}

// A return names the wish of the expert whose ballot it is: neither another's wish, nor one for another ballot, nor one that nobody has signed (V3).
func TestAReturnNeedsTheExpertsOwnWish(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 3, 2)
	r.CheckIn(3)
	r.Open("R1")
	mine, theirs := r.VoteNext(r.Voters[0], "R1", r.Ballot(ballot.Agree)), r.VoteNext(r.Voters[1], "R1", r.Ballot(ballot.Agree))
	a, b := ballot.IDOf(mine.Raw), ballot.IDOf(theirs.Raw)
	wish, err := (&ballot.Request{Session: "M1-S1", Envelope: b[:], Reason: "误选", At: 1}).Sign(r.Voters[0].Key)
	if r.Try(wish, err) == nil {
		t.Fatal("an expert asked for another's ballot")
	}
	if wish, err = (&ballot.Request{Session: "M1-S1", Envelope: b[:], Reason: "误选", At: 1}).Sign(r.Voters[1].Key); err != nil {
		t.Fatal(err)
	}
	back := func(id ballot.ID, request string) error {
		t.Helper()
		object, err := (&ballot.Return{Session: "M1-S1", Envelope: id[:], Reason: "误选", Request: request, At: 1}).Sign(r.Staff)
		return r.Try(object, err)
	}
	name := ballot.IDOf(wish).String()
	if back(b, name) == nil {
		t.Fatal("a return for a wish that is not in the log")
	}
	r.Append(wish, nil)
	if back(a, name) == nil {
		t.Fatal("a return for the wish of another")
	}
	if err := back(b, name); err != nil {
		t.Fatal(err)
	}
}

// A secret column of fewer than three cells shows its outcome only; those who were recused are no cells, and a named round hides nothing (V9).
func TestFewCells(t *testing.T) {
	secret, named := &ballot.Round{Secrecy: ballot.SecretBallot}, &ballot.Round{Secrecy: ballot.NamedBallot}
	few := &ballot.Result{Agree: 1, Abstain: 1, Recused: 5, Base: 7, Need: 5, Decision: ballot.NotPass}
	enough := &ballot.Result{Agree: 1, Oppose: 1, Abstain: 1, Base: 3, Need: 2, Decision: ballot.NotPass}
	scored := &ballot.Result{Scored: 2, Kept: 2, Sum: 180, Mean: 9000, Rank: 1, Decision: ballot.Passed}
	for _, x := range []struct {
		round *ballot.Round
		res   *ballot.Result
		want  string
	}{
		{secret, few, "未通过（有效选票不足3份，只公布结论）"},
		{named, few, "出席7人，同意1票，需5票，未通过"},
		{secret, enough, "出席7人，同意1票，需2票，未通过"},
		{secret, scored, "通过（有效选票不足3份，只公布结论）"},
	} {
		if got := x.round.Outcome(x.res, 7); got != x.want {
			t.Errorf("%q, want %q", got, x.want)
		}
	}
}

// Every envelope of a round has one size; another is refused whatever its header says (V13).
func TestAnotherSize(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 3, 2)
	r.CheckIn(3)
	r.Open("R1")
	for _, honest := range []bool{true, false} {
		longer, err := r.Voters[0].SealLonger("R1", r.Ballot(ballot.Agree), honest, 1)
		if err != nil {
			t.Fatal(err)
		}
		if receipt := r.Append(longer.Raw, nil); receipt.Reason != ballot.RejectMalformed {
			t.Fatalf("its header is honest: %v, %q", honest, receipt.Reason)
		}
	}
	agree(t, r.Record(), r.Server.Public())
}

// A mismatch that an expert finds stops the sign-off; the round is void and held again under another name, and that one counts.
func TestMismatchStopsTheSignOff(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 3, 2)
	r.CheckIn(3)
	r.Open("R1")
	for _, v := range r.Voters {
		r.VoteNext(v, "R1", r.Ballot(ballot.Agree))
	}
	r.Close("R1")
	r.Tally("R1", "1,2", 0, 1)
	if n := r.Attest(r.Voters[0], "R1"); n != 0 {
		t.Fatal("an honest tally has mismatches")
	}
	r.Columns["R1"] = bytes.Replace(r.Columns["R1"], []byte(" 1\n"), []byte(" 2\n"), 6) // what a dishonest tally would hand out
	if n := r.Attest(r.Voters[1], "R1"); n != 2 {
		t.Fatalf("%d mismatches, want one for each applicant", n)
	}
	if object, err := r.SignOffObject("R1"); fault.CodeOf(r.Try(object, err)) != fault.State {
		t.Fatal("signed off in spite of a mismatch")
	}
	delete(r.Columns, "R1")
	_, columns := r.Columns["R1"]
	next := r.Void("R1")
	if columns || next != "R1~2" {
		t.Fatal(next)
	}
	r.Open(next)
	for _, v := range r.Voters {
		r.VoteNext(v, next, r.Ballot(ballot.Oppose))
	}
	r.Finish(next, "1,3", 0, 2)
	r.Session.View(func(s *ballot.State) {
		if id := s.Current("R1"); id != next || s.Rounds[id].Tally.Results[0].Oppose != 3 || s.Rounds["R1"].State != ballot.RoundVoid {
			t.Error(id)
		}
	})
}

func TestOneCustodianIsNotEnough(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 3, 1)
	r.CheckIn(3)
	r.Open("R1")
	r.Vote(r.Voters[0], "R1", r.Ballot(ballot.Agree))
	r.Append(r.CloseObject("R1"))
	var id ballot.ID
	r.Session.View(func(s *ballot.State) { id = s.Rounds["R1"].CloseID })
	opening := func(k int, pair string) error {
		o, err := (&ballot.Opening{Session: r.Package.Session, Close: id[:], Pair: pair, At: 1}).Sign(r.Custodians[k].Sign)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Session.Append(ctx, o)
		return err
	}
	if err := opening(2, "1,2"); fault.CodeOf(err) != fault.Denied {
		t.Fatal("a custodian outside the pair:", err)
	}
	if err := opening(0, "1,2"); err != nil {
		t.Fatal(err)
	}
	r.Session.View(func(s *ballot.State) {
		if _, _, err := ballot.OpenRound(s, "R1", "test", r.Custodians[0], r.Custodians[1], r.Hub); err == nil {
			t.Error("one word opened the round")
		}
		if columns, _, err := ballot.Unseal(s, "R1", r.Custodians[0], r.Custodians[1]); err == nil || columns != nil {
			t.Error("one word gave the columns")
		}
	})
	if err := opening(1, "2,3"); err == nil {
		t.Fatal("two custodians chose two pairs")
	}
	if o, err := (&ballot.Opening{Session: r.Package.Session, Close: id[:], Pair: "1,2", At: 2}).Sign(r.Custodians[0].Sign); r.Try(o, err) == nil {
		t.Fatal("one custodian spoke twice")
	}
	r.Session.View(func(s *ballot.State) {
		if _, _, err := ballot.Unseal(s, "R1", r.Custodians[0], r.Custodians[1]); err == nil {
			t.Error("two words of one custodian gave the columns")
		}
	})
}

// A receipted ballot stays and its expert stays in the base, whatever he is marked as; who has none leaves the base, and those who sign see the
// figures.
func TestMarkingDuringARound(t *testing.T) {
	r := ballottest.New(t, &ballot.Memory{}, 11, 1)
	r.CheckIn(11)
	r.Open("R1")
	r.Vote(r.Voters[0], "R1", r.Ballot(ballot.Agree))
	mark := func(i int, status string, keys ...ballot.Key) (*ballot.Attend, error) {
		o := r.Attend(i, status, "突发事由")
		object, err := o.Sign(keys...)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Session.Append(ctx, object)
		return o, err
	}
	all := []ballot.Key{r.Staff, r.Chair, r.Supervisor}
	if _, err := mark(0, ballot.Absent, all...); fault.CodeOf(err) != fault.State {
		t.Fatal("who has voted was marked absent:", err)
	}
	if o, err := mark(0, ballot.Left, all...); err != nil || o.NewBase != 11 {
		t.Fatal(o, err)
	}
	if _, err := mark(1, ballot.Absent, r.Staff); err == nil {
		t.Fatal("staff alone changed the base")
	}
	o, err := mark(1, ballot.Absent, all...)
	if err != nil || o.Base != 11 || o.NewBase != 10 || o.Need != 8 || o.NewNeed != 7 {
		t.Fatal(o, err)
	}
	stale := *o
	stale.Expert, stale.At = r.Voters[2].Expert, 99
	object, err := stale.Sign(all...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Session.Append(ctx, object); err == nil {
		t.Fatal("figures that are no longer true were taken")
	}
	r.Session.View(func(s *ballot.State) {
		if n := len(s.Rounds["R1"].Present); n != 10 || len(s.Counted("R1")) != 1 {
			t.Errorf("the base is %d", n)
		}
	})
}

// What has happened is a function of the log: replaying gives the same head, and the session goes on.
func TestReplay(t *testing.T) {
	store := &ballot.Memory{}
	r := ballottest.New(t, store, 3, 2)
	r.CheckIn(3)
	r.Open("R1")
	e, before := r.Vote(r.Voters[0], "R1", r.Ballot(ballot.Agree))
	size, root, err := r.Session.Head()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ballot.Begin(ctx, store, r.Bytes, r.Server.Public(), r.Hub)
	if err != nil {
		t.Fatal(err)
	}
	size2, root2, err := s.Head()
	if err != nil || size != size2 || root != root2 {
		t.Fatal(size2, root2, err)
	}
	after, err := s.Append(ctx, e.Raw)
	if err != nil || after.Index != before.Index || after.Reason != "" {
		t.Fatal(after, err)
	}
}
