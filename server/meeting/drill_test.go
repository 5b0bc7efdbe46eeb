package meeting_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/server/servertest"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// No package is issued before each custodian has opened the present test with the present key; a new test or a new key begins again.
func TestDrillBeforePublication(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		c := newCouncil(t, h, 2)
		issue := func() error {
			_, err := c.client().IssuePackage(ctx, &meetingv1.IssuePackageRequest{Base: c.base()})
			return err
		}
		answer := func(i int, with []byte) (*meetingv1.AnswerDrillResponse, error) {
			return c.client().AnswerDrill(ctx, &meetingv1.AnswerDrillRequest{Base: c.base(), Key: c.m.Custodians[i].Key, Answer: with})
		}
		c.refused(issue(), fault.State, "“保管人1（虚构）”还没有试开信封")
		_, err := answer(0, []byte("answer"))
		c.refused(err, fault.State, "请先发起密钥试开")
		c.took(c.client().StartDrill(ctx, &meetingv1.StartDrillRequest{Base: c.base()}))
		early := c.answer(0)
		_, err = answer(1, early)
		c.refused(err, fault.Invalid, "试开结果与“保管人2（虚构）”的公钥或本次试开不符")
		c.took(answer(0, early))
		c.took(answer(1, c.answer(1)))
		c.refused(issue(), fault.State, "“保管人3（虚构）”还没有试开信封")
		c.took(answer(2, c.answer(2)))

		c.took(c.client().StartDrill(ctx, &meetingv1.StartDrillRequest{Base: c.base()}))
		c.refused(issue(), fault.State, "“保管人1（虚构）”还没有试开信封")
		_, err = answer(0, early) // of the test before
		c.refused(err, fault.Invalid, "本次试开不符")
		c.drill()

		k, err := ballot.NewSecret("K2", "保管人2（虚构）", "会务负责人")
		if err != nil {
			t.Fatal(err)
		}
		before := proto.CloneOf(c.m)
		c.m.Custodians[1].Key = key(k) // and the client says that it has been drilled
		c.save()
		c.refused(issue(), fault.State, "“保管人2（虚构）”还没有试开信封")
		c.m.Custodians = before.Custodians
		c.save() // what was drilled under the old key is not remembered
		c.refused(issue(), fault.State, "“保管人2（虚构）”还没有试开信封")
		c.drill()
		c.m.Place = "另一会议室"
		c.save()
		if err := issue(); err != nil {
			t.Fatal("the drill was forgotten by saving something else:", err)
		}
	})
}

// Two keys in one hand would open a round alone.
func TestCustodiansHaveKeysOfTheirOwn(t *testing.T) {
	h := servertest.Start(t, "")
	c := newCouncil(t, h, 2)
	c.m.Custodians[2].Key = c.m.Custodians[0].Key
	c.save()
	_, err := c.client().StartDrill(ctx, &meetingv1.StartDrillRequest{Base: c.base()})
	c.refused(err, fault.Invalid, "公钥相同")
	c.m.Custodians = c.m.Custodians[:2]
	c.save()
	_, err = c.client().StartDrill(ctx, &meetingv1.StartDrillRequest{Base: c.base()})
	c.refused(err, fault.Invalid, "须有3名密钥保管人")
}
