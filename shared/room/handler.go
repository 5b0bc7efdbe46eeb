package room

import (
	"bytes"
	"context"
	"encoding/hex"
	"time"

	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// A Handler answers RoomService and DeskService for the rooms of a sequencer. Who may call which is the business of whoever mounts it.
type Handler struct {
	// Find returns the room of a session; "" is the only one.
	Find func(ctx context.Context, session string) (*Room, error)
	// List returns the rooms that the caller may know of.
	List func(ctx context.Context) ([]*Room, error)
}

// Bounds of answers, and how long a caller may wait for the log to grow.
const (
	pieceSize = 1 << 20
	logSize   = 4 << 20
	longest   = 20 * time.Second
)

// errHeld sends a laptop back to the beginning of its talk, where it shows what it has seen.
var errHeld = fault.New(fault.Offline, "主机刚刚启动，正在与专家电脑核对会议记录，请稍候")

// ready says why nothing is taken over the network now, nil if it is. That this is no sequencer, or one that must not go on, is said first.
func (r *Room) ready() error {
	if !r.Held.Load() {
		return nil
	}
	if err := r.Session.Check(); err != nil {
		return err
	}
	return errHeld
}

// ListSessions implements RoomService.
func (h *Handler) ListSessions(ctx context.Context, _ *roomv1.ListSessionsRequest) (*roomv1.ListSessionsResponse, error) {
	rooms, err := h.List(ctx)
	if err != nil {
		return nil, err
	}
	resp := &roomv1.ListSessionsResponse{}
	for _, r := range rooms {
		p := r.Package()
		resp.Sessions = append(resp.Sessions, &roomv1.SessionInfo{Session: p.Session, Title: p.Title, Place: p.Place})
	}
	return resp, nil
}

// GetPackage implements RoomService.
func (h *Handler) GetPackage(ctx context.Context, req *roomv1.GetPackageRequest) (*roomv1.GetPackageResponse, error) {
	r, err := h.Find(ctx, req.Session)
	if err != nil {
		return nil, err
	}
	return &roomv1.GetPackageResponse{Package: r.Session.Log()[0]}, nil
}

// CheckIn implements RoomService.
func (h *Handler) CheckIn(ctx context.Context, req *roomv1.CheckInRequest) (*roomv1.CheckInResponse, error) {
	r, err := h.Find(ctx, req.Session)
	if err != nil {
		return nil, err
	}
	if err := r.ready(); err != nil {
		return nil, err
	}
	receipt, pending, err := r.CheckIn(ctx, req.Object)
	if err != nil {
		return nil, err
	}
	return &roomv1.CheckInResponse{Receipt: text(receipt), Pending: pending}, nil
}

func text(r *ballot.Receipt) []byte {
	if r == nil {
		return nil
	}
	return r.Text()
}

// GetStatus implements RoomService.
func (h *Handler) GetStatus(ctx context.Context, req *roomv1.GetStatusRequest) (resp *roomv1.GetStatusResponse, err error) {
	r, err := h.Find(ctx, req.Session)
	if err != nil {
		return nil, err
	}
	err = wait(ctx, r, func() (bool, error) {
		resp, err = r.Status(req.Expert)
		return err != nil || resp.Size != req.After, err // a log that is shorter than the booth knows is news too
	})
	return resp, err
}

// wait asks again each time the log has grown until the answer is worth sending, or the longest time has passed.
func wait(ctx context.Context, r *Room, ask func() (bool, error)) error {
	timer := time.NewTimer(longest)
	defer timer.Stop()
	for {
		grown := r.Grown()
		if done, err := ask(); done || err != nil {
			return err
		}
		select {
		case <-grown:
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Submit implements RoomService.
func (h *Handler) Submit(ctx context.Context, req *roomv1.SubmitRequest) (*roomv1.SubmitResponse, error) {
	r, err := h.Find(ctx, req.Session)
	if err != nil {
		return nil, err
	}
	if err := r.ready(); err != nil {
		return nil, err
	}
	receipt, err := r.Submit(ctx, req.Object)
	return &roomv1.SubmitResponse{Receipt: text(receipt)}, err
}

// Witness implements RoomService.
func (h *Handler) Witness(ctx context.Context, req *roomv1.WitnessRequest) (*roomv1.WitnessResponse, error) {
	r, err := h.Find(ctx, req.Session)
	if err != nil {
		return nil, err
	}
	proof, own, err := r.Witness(ctx, req.Checkpoint)
	return &roomv1.WitnessResponse{Proof: proof, Checkpoint: own}, err
}

// GetColumns implements RoomService.
func (h *Handler) GetColumns(ctx context.Context, req *roomv1.GetColumnsRequest) (*roomv1.GetColumnsResponse, error) {
	r, err := h.Find(ctx, req.Session)
	if err != nil {
		return nil, err
	}
	counted := false
	r.Session.View(func(s *ballot.State) { counted = s.Rounds[req.Round] != nil && s.Rounds[req.Round].Tally != nil })
	if !counted {
		return nil, fault.New(fault.State, "该轮次尚未计票")
	}
	b, err := r.Shelf.Columns(ctx, req.Round)
	if err != nil {
		return nil, err
	}
	from := min(req.Offset, int64(len(b)))
	return &roomv1.GetColumnsResponse{Piece: b[from:min(from+pieceSize, int64(len(b)))], Total: int64(len(b))}, nil
}

// ListOpinions implements RoomService. The offset is a place in the log, which only grows: what is written meanwhile is in a later answer.
func (h *Handler) ListOpinions(ctx context.Context, req *roomv1.ListOpinionsRequest) (*roomv1.ListOpinionsResponse, error) {
	r, err := h.Find(ctx, req.Session)
	if err != nil {
		return nil, err
	}
	log := r.Session.Log()
	writers := Writers(log)
	resp := &roomv1.ListOpinionsResponse{}
	size := 0
	for i := min(req.Offset, int64(len(log))); i < int64(len(log)); i++ {
		if !OfOpinions(log[i], writers) {
			continue
		}
		if size > 0 && size+len(log[i]) > logSize {
			resp.Next = i
			break
		}
		size += len(log[i])
		resp.Objects = append(resp.Objects, log[i])
	}
	return resp, nil
}

// Writers are the experts of whom a written opinion stands in a log.
func Writers(log [][]byte) map[string]bool {
	all := map[string]bool{}
	for _, o := range log {
		if ballot.KindOf(o) == kindOpinion {
			all[expertOf(o)] = true
		}
	}
	return all
}

// OfOpinions reports whether an object is a written opinion, or says which credential those who write had: nobody can check an opinion without that.
func OfOpinions(object []byte, writers map[string]bool) bool {
	switch ballot.KindOf(object) {
	case kindOpinion:
		return true
	case "zp-checkin/1", "zp-revoke/1":
		return writers[expertOf(object)]
	}
	return false
}

const kindOpinion = "zp-opinion/1"

// expertOf is whose an object is. Its text ends at the first empty line.
func expertOf(object []byte) string {
	for line := range bytes.Lines(object) {
		if id, ok := bytes.CutPrefix(bytes.TrimSuffix(line, []byte("\n")), []byte("expert ")); ok {
			return string(id)
		}
	}
	return ""
}

// GetLog implements DeskService. The checkpoint is of the size that the objects lead to, so that a copy can prove each answer by itself; it is
// empty while more objects follow.
func (h *Handler) GetLog(ctx context.Context, req *roomv1.GetLogRequest) (resp *roomv1.GetLogResponse, err error) {
	r, err := h.Find(ctx, req.Session)
	if err != nil {
		return nil, err
	}
	err = wait(ctx, r, func() (bool, error) {
		resp, err = r.log(req.From)
		return err != nil || !req.Wait || len(resp.Objects) > 0, err
	})
	return resp, err
}

func (r *Room) log(from int64) (*roomv1.GetLogResponse, error) {
	log, cp, err := r.Session.Signed()
	if err != nil {
		return nil, err
	}
	resp := &roomv1.GetLogResponse{Size: int64(len(log))}
	size := 0
	for from < int64(len(log)) && (size == 0 || size+len(log[from]) <= logSize) {
		size += len(log[from])
		resp.Objects = append(resp.Objects, log[from])
		from++
	}
	if from >= int64(len(log)) {
		resp.Checkpoint = cp
	}
	return resp, nil
}

// Append implements DeskService.
func (h *Handler) Append(ctx context.Context, req *roomv1.AppendRequest) (*roomv1.AppendResponse, error) {
	r, err := h.Find(ctx, req.Session)
	if err != nil {
		return nil, err
	}
	receipt, err := r.Take(ctx, req.Object)
	return &roomv1.AppendResponse{Receipt: text(receipt)}, err
}

// ListPending implements DeskService.
func (h *Handler) ListPending(ctx context.Context, req *roomv1.ListPendingRequest) (*roomv1.ListPendingResponse, error) {
	r, err := h.Find(ctx, req.Session)
	if err != nil {
		return nil, err
	}
	return &roomv1.ListPendingResponse{Objects: r.Pending()}, nil
}

// Count implements DeskService.
func (h *Handler) Count(ctx context.Context, req *roomv1.CountRequest) (*roomv1.CountResponse, error) {
	r, err := h.Find(ctx, req.Session)
	if err != nil {
		return nil, err
	}
	var invalid []string
	for _, id := range req.Invalid {
		invalid = append(invalid, hex.EncodeToString(id))
	}
	receipt, err := r.Count(ctx, req.Round, req.Columns, invalid)
	return &roomv1.CountResponse{Receipt: text(receipt)}, err
}
