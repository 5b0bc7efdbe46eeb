package syncer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"zhiping/desktop/cache"
	"zhiping/desktop/outbox"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

// put puts a change into the outbox and shows its effect.
func (s *Syncer) put(ctx context.Context, path string, parts [][]byte) ([]int64, error) {
	numbers, err := s.box.Put(ctx, path, parts...)
	if err != nil {
		return nil, err
	}
	kinds, err := s.Relay(ctx)
	if err != nil {
		slog.Error("effect", "error", err) // the change is in the outbox all the same
	}
	s.Kick()
	s.note(func(*Status) {})
	s.changed(kinds)
	return numbers, nil
}

// Relay shows anew what was done here over what the mirror has.
func (s *Syncer) Relay(ctx context.Context) (map[string]bool, error) {
	_, _, last, err := s.mirror.Position(ctx)
	if err != nil {
		return nil, err
	}
	replay, err := s.replay(ctx, last)
	if err != nil {
		return nil, err
	}
	return s.mirror.Relay(ctx, replay)
}

// replay lays what a checkpoint up to a number does not contain over it: what waits, and what was applied after it.
func (s *Syncer) replay(ctx context.Context, last int64) (func(*cache.View) error, error) {
	all, err := s.box.Since(ctx, last)
	return func(v *cache.View) error {
		for _, m := range all {
			effect := s.effects[m.Procedure]
			if effect == nil || m.GivenUp() || m.State != outbox.Pending && m.State != outbox.Applied {
				continue
			}
			request, err := Request(m)
			if err != nil {
				return err
			}
			if err := v.Do(m.Number, m.At, func(v *cache.View) error { return effect(v, request, s.by) }); err != nil {
				return err
			}
		}
		return nil
	}, err
}

// push sends what waits, one after the other, the same bytes every time. It goes back once for what the server lacks, and further on only: a server
// that asks for what it has just been sent is not asked again before the next attempt.
func (s *Syncer) push(ctx context.Context) error {
	gone := int64(0)
	for after := int64(0); ; {
		waiting, err := s.box.Pending(ctx, after, 50)
		if err != nil || len(waiting) == 0 {
			return err
		}
		for _, m := range waiting {
			back, err := s.send(ctx, m)
			if err != nil {
				return err
			}
			if after = m.Number; back > 0 && back <= gone {
				return fault.New(fault.State, "服务器缺少第 %d 项操作，重新发送后仍未收下，请联系管理员", back)
			}
			if back > 0 {
				gone, after = back, back-1
				break
			}
		}
	}
}

// send sends one mutation and records what became of it; back is where to go on when the server lacks earlier ones.
func (s *Syncer) send(ctx context.Context, m *outbox.Mutation) (back int64, err error) {
	if !m.GivenUp() {
		if err := s.sendFiles(ctx, m); err != nil {
			return 0, err
		}
	}
	if err := s.point("send"); err != nil {
		return 0, err
	}
	status, body, err := s.post(ctx, m)
	if err != nil {
		return 0, err
	}
	if err := s.point("answered"); err != nil {
		return 0, err
	}
	what, state, f := judge(m.Procedure, status, body)
	switch what {
	case signedOut:
		return 0, errSignedOut
	case later:
		if f != nil {
			return 0, f
		}
		return 0, errAway
	case gap:
		if back, err = strconv.ParseInt(f.Field, 10, 64); err != nil || back >= m.Number || back < 1 {
			return 0, f
		}
		return back, s.box.Again(ctx, back)
	}
	if err := s.box.Finish(ctx, m.Number, state, status, body); err != nil {
		return 0, err
	}
	if err := s.point("finished"); err != nil {
		return 0, err
	}
	s.note(func(st *Status) { st.Online = true })
	return 0, nil
}

// longestCall is how long one call may take before it counts as lost.
const longestCall = time.Minute

func (s *Syncer) post(ctx context.Context, m *outbox.Mutation) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, longestCall)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.client.url+m.Procedure, bytes.NewReader(m.Request))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/proto")
	r.Header.Set("Connect-Protocol-Version", "1")
	r.Header.Set("Authorization", "Bearer "+s.client.bearer())
	number := s.box.Name() + "/" + strconv.FormatInt(m.Number, 10)
	if m.GivenUp() {
		number += "/" + wire.Skip
	}
	r.Header.Set(wire.MutationHeader, number)
	resp, err := s.client.plain.RoundTrip(r)
	if err != nil {
		return 0, nil, errors.Join(errAway, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, errors.Join(errAway, err)
	}
	return resp.StatusCode, b, nil
}

// Redo puts a refused change into the outbox once more, on top of what the server has now: the clerk has looked at both (sync.md). The choice is
// recorded.
func (s *Syncer) Redo(ctx context.Context, m *outbox.Mutation) error {
	request, err := Request(m)
	if err != nil {
		return err
	}
	if err := s.rebase(ctx, request.ProtoReflect()); err != nil {
		return err
	}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(request)
	if err != nil {
		return err
	}
	numbers, err := s.put(ctx, m.Procedure, [][]byte{b})
	if err != nil {
		return err
	}
	return s.box.Decide(ctx, m.Number, "采用本机内容，已作为第 "+strconv.FormatInt(numbers[0], 10)+" 项重新提交")
}

// Skip gives a change up that waits and cannot get through.
func (s *Syncer) Skip(ctx context.Context, m *outbox.Mutation) error {
	if err := s.box.Skip(ctx, m.Number); err != nil {
		return err
	}
	kinds, err := s.Relay(ctx)
	s.changed(kinds)
	s.Kick()
	return err
}

// GiveUp leaves a refused change be: what the server has holds. The choice is recorded.
func (s *Syncer) GiveUp(ctx context.Context, m *outbox.Mutation) error {
	err := s.box.Decide(ctx, m.Number, "采用服务器内容，放弃本机操作")
	s.note(func(*Status) {})
	return err
}
