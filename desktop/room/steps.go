package room

import (
	"context"
	"path/filepath"

	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// OpenRound opens a round for those who are present.
func (h *Hub) OpenRound(ctx context.Context, round string) error {
	var o *ballot.Open
	var err error
	h.Session.View(func(s *ballot.State) { o, err = s.OpenOf(round, "", h.now()) })
	if err != nil {
		return err
	}
	return h.signed(ctx)(o.Sign(h.keys.Staff))
}

// signed appends an object that has just been signed.
func (h *Hub) signed(ctx context.Context) func([]byte, error) error {
	return func(object []byte, err error) error {
		if err == nil {
			_, err = h.Append(ctx, object)
		}
		return err
	}
}

// CloseRound closes a round with the chair's word, in spite of the exceptions there are.
func (h *Hub) CloseRound(ctx context.Context, round string, chair ballot.Key) error {
	var o *ballot.Close
	var err error
	h.Session.View(func(s *ballot.State) { o, err = s.CloseOf(round, h.now()) })
	if err != nil {
		return err
	}
	return h.signed(ctx)(o.Sign(h.keys.Staff, chair))
}

// Opening takes a custodian's word that the closed round may be opened with a pair of keys ("1,2").
func (h *Hub) Opening(ctx context.Context, round, pair string, custodian *ballot.Secret) error {
	var id ballot.ID
	closed := false
	h.Session.View(func(s *ballot.State) {
		if r := s.Rounds[round]; r != nil && r.Close != nil {
			id, closed = r.CloseID, true
		}
	})
	if !closed {
		return fault.New(fault.State, "该轮次尚未关闭，不能开票")
	}
	return h.signed(ctx)((&ballot.Opening{Session: h.Package.Session, Close: id[:], Pair: pair, At: h.now()}).Sign(custodian.Sign))
}

// Tally opens both layers and counts; the columns are kept beside the log.
func (h *Hub) Tally(ctx context.Context, round string, a, b *ballot.Secret) error {
	var tally, columns []byte
	var err error
	h.Session.View(func(s *ballot.State) { tally, columns, err = ballot.OpenRound(s, round, program, a, b, h.keys.Hub) })
	if err != nil {
		return err
	}
	// The columns before the word about them: a tally whose columns are lost could not be verified any more.
	if err := writeDurably(h.columnsFile(round), columns); err != nil {
		return err
	}
	_, err = h.Append(ctx, tally)
	return err
}

// program names the program that counted.
const program = "zhiping"

func (h *Hub) columnsFile(round string) string {
	return filepath.Join(h.dir, "columns-"+round+".txt")
}

// SignOff takes the word of chair and supervisor that the tally is the one they saw.
func (h *Hub) SignOff(ctx context.Context, round, sheet string, chair, supervisor ballot.Key) error {
	var id ballot.ID
	counted := false
	h.Session.View(func(s *ballot.State) {
		if r := s.Rounds[round]; r != nil && r.Tally != nil {
			id, counted = r.TallyID, true
		}
	})
	if !counted {
		return fault.New(fault.State, "该轮次尚未计票，不能签字")
	}
	size, root, err := h.Session.Head()
	if err != nil {
		return err
	}
	return h.signed(ctx)((&ballot.SignOff{Session: h.Package.Session, Tally: id[:], Size: size, Root: root[:], Sheet: sheet, At: h.now()}).Sign(chair, supervisor))
}

// Export returns the room's record in one file.
func (h *Hub) Export() ([]byte, error) {
	columns, err := h.columns()
	if err != nil {
		return nil, err
	}
	cp, err := h.Session.Checkpoint()
	if err != nil {
		return nil, err
	}
	return (&ballot.Evidence{Server: h.server, Log: h.Session.Log(), Checkpoint: cp, Columns: columns}).Encode(h.Package), nil
}
