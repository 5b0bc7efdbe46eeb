package room

import (
	"cmp"
	"context"
	"slices"
	"strings"

	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// A WrittenOpinion is what a reviewer has written on an applicant, for the panel to read.
type WrittenOpinion struct {
	Applicant string
	Expert    string // his name
	Role      string // ballot.Main or ballot.Assistant
	Text      string // a paragraph a line
	At        int64
}

// kindOpinion is the one object of an expert that the other laptops may read.
const kindOpinion = "zp-opinion/1"

// Opinions are the written opinions of the panel as this laptop can know them, the latest of each expert on each applicant, in the package's order. Those on
// applicants from whom the expert who sits here is recused are left out. Without a network they are what the last stick has brought.
func (b *Booth) Opinions(ctx context.Context) ([]WrittenOpinion, error) {
	who, err := b.seated()
	if err != nil {
		return nil, err
	}
	objects, err := b.opinionObjects(ctx)
	if err != nil {
		return nil, err
	}
	return b.opinionsOf(objects, who.expert), nil
}

// opinionObjects gets the opinions with the check-ins that they hang on, from the sequencer, or from the stick where that cannot be reached.
func (b *Booth) opinionObjects(ctx context.Context) (objects [][]byte, err error) {
	if b.linked() {
		err = b.with(ctx, func(l *link) error {
			size := 0
			objects = nil
			for offset := int64(0); ; {
				resp, err := call(ctx, answerTime, l.ListOpinions, &roomv1.ListOpinionsRequest{Session: b.Package.Session, Offset: offset})
				if err != nil {
					return err
				}
				for _, o := range resp.Objects {
					size += len(o)
				}
				if objects = append(objects, resp.Objects...); resp.Next == 0 {
					return nil
				}
				if resp.Next <= offset || size > maxColumns {
					return fault.New(fault.Invalid, "主机给出的书面意见无法读取，请联系会务人员")
				}
				offset = resp.Next
			}
		})
		if err == nil || !unreachable(err) {
			return objects, err
		}
	}
	kept, broken := b.outbox.Words(ctx, b.Package.Session, "")
	if broken != nil {
		return nil, broken
	}
	if err != nil && !slices.ContainsFunc(kept, func(o []byte) bool { return ballot.KindOf(o) == kindOpinion }) {
		return nil, err // there may be some that cannot be seen now
	}
	return kept, nil
}

// opinionsOf believes an opinion if the credential that signed it is the one that staff had confirmed for that expert by then: whoever brings the objects can
// leave some out, but add none and change none.
func (b *Booth) opinionsOf(objects [][]byte, reader string) []WrittenOpinion {
	credentials := map[string]string{}
	latest := map[[2]string]*ballot.Opinion{}
	for _, object := range objects {
		if ballot.KindOf(object) == kindOpinion {
			o, err := ballot.OpenOpinion(object, b.Package, func(expert string) string { return credentials[expert] })
			if err == nil {
				latest[[2]string{o.Applicant, o.Expert}] = o
			}
			continue
		}
		o, err := ballot.OpenWord(object, b.Package)
		if err != nil {
			continue
		}
		switch o := o.(type) {
		case *ballot.CheckIn:
			credentials[o.Expert] = o.Credential
		case *ballot.Revoke:
			if credentials[o.Expert] == o.Credential {
				delete(credentials, o.Expert)
			}
		}
	}
	var all []WrittenOpinion
	for _, o := range latest {
		if x := b.Package.Expert(reader); x == nil || slices.Contains(x.Recused, o.Applicant) {
			continue
		}
		all = append(all, WrittenOpinion{o.Applicant, b.Package.Expert(o.Expert).Name, o.Role, strings.Join(o.Paragraphs, "\n"), o.At})
	}
	slices.SortFunc(all, func(x, y WrittenOpinion) int {
		place := func(o *WrittenOpinion) int64 { return b.Package.Applicant(o.Applicant).Position }
		// MAIN is after ASSISTANT by letters, and before it on the screen.
		return cmp.Or(cmp.Compare(place(&x), place(&y)), cmp.Compare(y.Role, x.Role), cmp.Compare(x.At, y.At), cmp.Compare(x.Expert, y.Expert))
	})
	return all
}
