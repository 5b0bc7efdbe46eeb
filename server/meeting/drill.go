package meeting

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"slices"

	meetingv1 "zhiping/proto/gen/zhiping/meeting/v1"
	"zhiping/server/command"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// StartDrill implements the RPC (voting.md): a fresh test for each of the three custodians; earlier answers are void.
func (s *Service) StartDrill(ctx context.Context, r *meetingv1.StartDrillRequest) (*meetingv1.StartDrillResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.StartDrillResponse, error) {
		m, err := drilling(ctx, tx, r.Base.Id, r.Base.Revision)
		if err != nil {
			return nil, err
		}
		all, err := custodians(m)
		if err != nil {
			return nil, err
		}
		for i, c := range m.Custodians {
			c.DrillNonce, c.DrilledAt = rand.Text(), 0
			if c.Drill, err = ballot.DrillChallenge(all[i], s.test(m, c)); err != nil {
				return nil, err
			}
		}
		return &meetingv1.StartDrillResponse{Meeting: m}, Meetings.Put(ctx, tx, m)
	})
}

// AnswerDrill implements the RPC: the signature says who has answered, whoever brings it.
func (s *Service) AnswerDrill(ctx context.Context, r *meetingv1.AnswerDrillRequest) (*meetingv1.AnswerDrillResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*meetingv1.AnswerDrillResponse, error) {
		m, err := drilling(ctx, tx, r.Base.Id, r.Base.Revision)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(m.Custodians, func(c *meetingv1.Custodian) bool { return c.Key == r.Key })
		if i < 0 {
			return nil, fault.New(fault.Invalid, "该公钥不是本次会议密钥保管人的，请核对").At("key")
		}
		c := m.Custodians[i]
		if c.DrillNonce == "" {
			return nil, fault.New(fault.State, "“%s”还没有试开信封，请先发起密钥试开", c.Name)
		}
		k, err := custodian(i, c)
		if err != nil {
			return nil, err
		}
		if err := ballot.CheckDrill(k, m.Id, s.test(m, c), r.Answer); err != nil {
			return nil, err
		}
		c.DrilledAt = tx.Now
		return &meetingv1.AnswerDrillResponse{Meeting: m}, Meetings.Put(ctx, tx, m)
	})
}

func drilling(ctx context.Context, tx *command.Tx, id string, revision int64) (message, error) {
	m, err := ownAt(ctx, tx, id, revision)
	if err == nil && m.State >= meetingv1.State_STATE_ISSUED {
		err = fault.New(fault.State, "会议包已签发，密钥不能再试开或更换")
	}
	return m, err
}

// test is what stands in a custodian's envelope: a function of the server's secret, so that nobody who reads the meeting can answer without opening it.
func (s *Service) test(m message, c *meetingv1.Custodian) []byte {
	h := hmac.New(sha256.New, s.keys.Drill())
	h.Write([]byte(m.Id + "\x00" + c.Key + "\x00" + c.DrillNonce))
	return h.Sum(nil)
}

// drilled refuses to go on before each custodian has opened the present test with the present key.
func drilled(m message) error {
	if _, err := custodians(m); err != nil {
		return err
	}
	for _, c := range m.Custodians {
		if c.DrilledAt == 0 {
			return fault.New(fault.State, "密钥保管人“%s”还没有试开信封，三名保管人都试开成功后才能签发会议包", c.Name)
		}
	}
	return nil
}

// keepDrills carries the tests over to custodians whose keys are as before; a changed key has to be tried again.
func keepDrills(now, before []*meetingv1.Custodian) {
	for _, c := range now {
		c.Drill, c.DrillNonce, c.DrilledAt = nil, "", 0
		if i := slices.IndexFunc(before, func(o *meetingv1.Custodian) bool { return o.Key == c.Key }); i >= 0 {
			c.Drill, c.DrillNonce, c.DrilledAt = before[i].Drill, before[i].DrillNonce, before[i].DrilledAt
		}
	}
}
