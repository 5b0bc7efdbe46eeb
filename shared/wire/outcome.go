package wire

import (
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/fault"
)

// Refused says what of a batch was refused: nil for nothing; the fault itself when the batch was one record; else how many of how many, with
// each reason as a problem. name gives what a person calls a record.
func Refused(outcomes []*commonv1.Outcome, name func(id string) string) error {
	var problems []fault.Problem
	var last *fault.Error
	for _, o := range outcomes {
		if f := Fault(o.Fault); f != nil {
			last = f
			problems = append(problems, fault.Problem{Field: f.Field, Text: name(o.Id) + "：" + f.Message})
		}
	}
	switch {
	case len(problems) == 0:
		return nil
	case len(outcomes) == 1:
		return last
	}
	text := "共 %d 条，%d 条未办理，其余已办理"
	if len(problems) == len(outcomes) {
		text = "共 %d 条，%d 条均未办理"
	}
	f := fault.New(last.Code, text, len(outcomes), len(problems))
	f.Problems = problems
	return f
}

// First gives the first fault of a batch, nil for none.
func First(outcomes []*commonv1.Outcome) error {
	for _, o := range outcomes {
		if f := Fault(o.Fault); f != nil {
			return f
		}
	}
	return nil
}

// A Record is what a batch is made of.
type Record interface {
	GetId() string
	GetRevision() int64
}

// Bases are the records of a batch, each at the revision that was seen.
func Bases[M Record](all []M) []*commonv1.Base {
	bases := make([]*commonv1.Base, len(all))
	for i, m := range all {
		bases[i] = &commonv1.Base{Id: m.GetId(), Revision: m.GetRevision()}
	}
	return bases
}

// RefusedOf is Refused for a batch of records that are called by their names.
func RefusedOf[M Record](outcomes []*commonv1.Outcome, err error, all []M, name func(M) string) error {
	if err != nil {
		return err
	}
	return Refused(outcomes, func(id string) string {
		for _, m := range all {
			if m.GetId() == id {
				return name(m)
			}
		}
		return id
	})
}
