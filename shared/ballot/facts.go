package ballot

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
)

// Facts is what a verification has recomputed, as JSON with sorted keys: the second verifier writes the same (--facts), so that two programs can be held
// against each other figure by figure.
func (v *Verified) Facts() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v.facts())
	return b.Bytes(), err
}

type fact = map[string]any

func (v *Verified) facts() fact {
	s := v.State
	f := fact{
		"size": v.Size, "root": hex.EncodeToString(v.Root[:]), "package": s.PackageID.String(), "binding": s.binding.String(), "origin": s.Origin(), "epoch": s.Epoch,
		"hub": s.Hub, "server": v.Server, "issued": s.Issued, "opinions": len(s.Opinions), "late": v.Late, "alarms": list(v.Alarms), "derived": s.Derived != nil,
		"archived": s.Archived != nil, "released": s.Release != nil, "order": s.Order,
	}
	var quarantined, applicants []string
	for _, q := range s.Quarantined {
		quarantined = append(quarantined, hexOf(q.Object))
	}
	for _, a := range s.Package.Applicants {
		applicants = append(applicants, a.ID)
	}
	rejections, experts, rounds := [][]any{}, fact{}, fact{}
	for _, x := range s.Rejections {
		rejections = append(rejections, []any{x.Envelope.String(), x.Reason, x.Index})
	}
	for _, e := range s.Package.Experts {
		experts[e.ID] = fact{"status": s.Status[e.ID], "credential": s.Credentials[e.ID], "wiped": s.Wiped[e.ID]}
	}
	for id := range s.Rounds {
		rounds[id] = s.roundFacts(id)
	}
	f["quarantined"], f["applicants"], f["rejections"], f["experts"], f["rounds"] = list(quarantined), applicants, rejections, experts, rounds
	firsts, earlier := []fact{}, []fact{}
	for _, x := range v.Firsts {
		firsts = append(firsts, x.facts())
	}
	for _, x := range v.Earlier {
		earlier = append(earlier, x.facts())
	}
	f["firsts"], f["earlier"] = firsts, earlier
	return f
}

// list is never null.
func list(all []string) []string { return append([]string{}, all...) }

func (s *State) roundFacts(id string) fact {
	r := s.Rounds[id]
	counted, returned, devices, alarmed, attests := [][]any{}, []string{}, []string{}, []string{}, fact{}
	for _, e := range s.Counted(id) {
		counted = append(counted, []any{e.Expert, e.Version, IDOf(e.Raw).String()})
	}
	for _, e := range s.Package.Experts {
		if r.void(e.ID) {
			returned = append(returned, e.ID)
		}
		if r.Devices[e.ID] != nil {
			devices = append(devices, e.ID)
		}
		if r.Alarmed[e.ID] {
			alarmed = append(alarmed, e.ID)
		}
		if a := r.Attests[e.ID]; a != nil {
			attests[e.ID] = a.Mismatches
		}
	}
	f := fact{
		"state": r.State, "present": list(r.Present), "counted": counted, "returned": returned, "accepted": r.Accepted, "returns": len(r.Returns), "devices": devices,
		"alarmed": alarmed, "attests": attests, "openers": len(r.Openers), "pair": r.Pair, "openings": r.Openings, "results": [][]any{}, "voted": [][]any{}, "invalid": []string{},
	}
	if r.Close != nil {
		f["close"] = []any{r.CloseID.String(), r.Close.Counted, r.Close.Present, r.Close.Missing, len(r.Close.Exceptions)}
	}
	if r.Tally != nil {
		f["tally"], f["results"], f["voted"], f["invalid"] = r.TallyID.String(), resultFacts(r.Tally.Results), votedFacts(r.Tally.Voted), list(r.Tally.Invalid)
	}
	if r.SignOff != nil {
		f["signoff"] = r.SignOff.Size
	}
	if r.Void != nil {
		f["next"] = r.Void.Next
	}
	return f
}

func resultFacts(all []Result) [][]any {
	out := [][]any{}
	for _, x := range all {
		out = append(out, []any{x.Applicant, x.Agree, x.Oppose, x.Abstain, x.Recused, x.Invalid, x.Missing, x.Base, x.Need, x.Scored, x.Kept, x.Sum, x.Mean, x.Rank, x.Decision})
	}
	return out
}

func votedFacts(all []Voted) [][]any {
	out := [][]any{}
	for _, x := range all {
		out = append(out, []any{x.Expert, x.Agree, x.Oppose, x.Abstain, x.Recused})
	}
	return out
}
