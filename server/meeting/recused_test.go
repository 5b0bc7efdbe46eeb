package meeting

import (
	"slices"
	"testing"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
)

// The package keeps from every expert himself, his colleagues, and whom he has declared (Article 25).
func TestRecused(t *testing.T) {
	e := &expertv1.Expert{PersonId: "p", WorkUnit: "一院", Relations: []*expertv1.Relation{{Name: "王甲", Relation: "配偶", Unit: "二院"}, {Relation: "兼职", Unit: "三院"}}}
	got := recused(e, []*applicationv1.Application{
		{Id: "himself", PersonId: "p", WorkUnit: "四院"},
		{Id: "colleague", WorkUnit: "一院"},
		{Id: "spouse", Name: "王甲", WorkUnit: "二院"},
		{Id: "namesake", Name: "王甲", WorkUnit: "四院"},
		{Id: "second employer", Name: "李乙", WorkUnit: "三院"},
		{Id: "stranger", Name: "赵丙", WorkUnit: "二院"},
	})
	if !slices.Equal(got, []string{"himself", "colleague", "spouse", "second employer"}) {
		t.Error(got)
	}
}
