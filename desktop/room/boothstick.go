package room

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/box"
	"zhiping/shared/fault"
	"zhiping/shared/room/stick"
)

// Bundle is all that this laptop has said in the session, by everybody who used it, for a stick: in order, byte for byte, encrypted to whichever hub is the
// sequencer when it arrives (voting.md, "USB"). It names the key that the reply is encrypted to, and ends with the highest checkpoint seen. It may be
// carried as often as one likes.
func (b *Booth) Bundle(ctx context.Context) ([]byte, error) {
	if err := b.sayAll(ctx); err != nil {
		return nil, err
	}
	recipient, err := stick.RecipientOf(b.identity)
	if err != nil {
		return nil, err
	}
	objects := [][]byte{fmt.Appendf(nil, "zp-reply/1\nrecipient %s\n", recipient)}
	items, err := b.outbox.Items(ctx, b.Package.Session, "")
	if err != nil {
		return nil, err
	}
	for _, i := range items {
		if i.Reason != "" || i.Refused != "" || i.Kind == box.Device && !lastDevice(items, i) {
			continue
		}
		object, err := b.outbox.Bytes(ctx, i.N)
		if err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.highest != nil {
		objects = append(objects, b.highest)
	}
	hubs := append([]string{b.Package.Spare}, b.hubKeys()...)
	if b.Package.Spare == "" {
		hubs = hubs[1:]
	}
	return stick.ToHub(b.Package.Hub, objects, hubs...)
}

// sayAll says for who sits here, in every open round, that nothing is left, where that is so and news.
func (b *Booth) sayAll(ctx context.Context) error {
	b.mu.Lock()
	who, rounds, alone := b.who, b.status.Rounds, b.alone()
	b.mu.Unlock()
	if who == nil || !alone {
		return nil
	}
	for _, r := range rounds {
		if r.State != ballot.RoundOpen {
			continue
		}
		item, about, err := b.deviceWord(ctx, who, r.Id, false)
		if err != nil {
			return err
		}
		if item != nil {
			b.mu.Lock()
			b.said[who.expert+" "+r.Id] = about
			b.mu.Unlock()
		}
	}
	return nil
}

// lastDevice reports whether a device word is the newest of its expert and round: it alone says how things are.
func lastDevice(items []box.Item, i box.Item) bool {
	for _, x := range items {
		if x.Kind == box.Device && x.Expert == i.Expert && x.Subject == i.Subject && x.Version > i.Version {
			return false
		}
	}
	return true
}

// WriteStick writes a file to a stick and reads it back: a stick of false capacity, or one pulled out too early, is noticed at once.
func WriteStick(path string, file []byte) error { return stick.Write(path, file) }

// ReadStick reads a file from a stick.
func ReadStick(path string) ([]byte, error) { return stick.Read(path) }

// Taken is what a stick has brought.
type Taken struct {
	Receipts, Returns, Words, Columns int
}

// Import takes the hub's reply from a stick: receipts for what this laptop has said, what staff has done, tallies and columns. Everything is checked as if it had
// come over the network, what is known changes nothing, and what is not understood is passed over.
func (b *Booth) Import(ctx context.Context, file []byte) (*Taken, error) {
	objects, err := stick.OpenAtLaptop(b.identity, file)
	if err != nil {
		return nil, err
	}
	defer b.stir()
	t := &Taken{}
	whole, err := b.importWords(ctx, objects, t)
	if err != nil {
		return nil, err
	}
	if err := b.importReceipts(ctx, objects, whole, t); err != nil {
		return nil, err
	}
	for _, o := range objects {
		if err := b.importRest(ctx, o, t); err != nil {
			return nil, err
		}
	}
	b.mu.Lock()
	alone := b.alone()
	b.mu.Unlock()
	if alone {
		err = b.refold(ctx)
	}
	return t, err
}

// importWords believes the objects of others; epochs are among them, so that receipts of another hub can be read afterwards. It returns the check-ins as staff has
// countersigned them.
func (b *Booth) importWords(ctx context.Context, objects [][]byte, t *Taken) (whole [][]byte, err error) {
	for _, o := range objects {
		if ballot.KindOf(o) == kindOpinion { // whose it is is checked when it is read, with the check-ins that came before it
			if err := b.outbox.KeepWord(ctx, b.Package.Session, kindOpinion, o); err != nil {
				return nil, err
			}
			continue
		}
		w, err := b.believe(ctx, o)
		if err != nil {
			if fault.CodeOf(err) == fault.Internal {
				return nil, err
			}
			continue
		}
		t.Words++
		switch w := w.(type) {
		case *ballot.CheckIn:
			whole = append(whole, o)
		case *ballot.Return:
			t.Returns++
			if err := b.returnedTo(ctx, w, o); err != nil {
				return nil, err
			}
		}
	}
	return whole, nil
}

// returnedTo finds whose ballot of this laptop a return is for.
func (b *Booth) returnedTo(ctx context.Context, w *ballot.Return, object []byte) error {
	items, err := b.outbox.Items(ctx, b.Package.Session, "")
	if err != nil {
		return err
	}
	for _, i := range items {
		if i.Kind == box.Envelope && i.ID == ballot.ID(w.Envelope).String() {
			return b.returned(ctx, i.Expert, i.Subject, i.Version, object)
		}
	}
	return nil
}

// importReceipts keeps the receipts for what this laptop has said.
func (b *Booth) importReceipts(ctx context.Context, objects, whole [][]byte, t *Taken) error {
	items, err := b.outbox.Items(ctx, b.Package.Session, "")
	if err != nil {
		return err
	}
	byID := map[string]*box.Item{}
	for n := range items {
		byID[items[n].ID] = &items[n]
	}
	full := map[string][]byte{} // id of a whole check-in
	for _, o := range whole {
		for n := range items {
			if items[n].Kind != box.CheckIn {
				continue
			}
			half, err := b.outbox.Bytes(ctx, items[n].N)
			if err != nil {
				return err
			}
			if id := ballot.IDOf(o).String(); bytes.HasPrefix(o, half) {
				byID[id], full[id] = &items[n], o
			}
		}
	}
	for _, text := range objects {
		r, err := ballot.ReadReceipt(text)
		if err != nil {
			continue
		}
		i := byID[r.Object.String()]
		if i == nil {
			continue
		}
		object := full[r.Object.String()]
		if object == nil {
			if object, err = b.outbox.Bytes(ctx, i.N); err != nil {
				return err
			}
		}
		err = b.receive(ctx, i, object, text)
		if fault.As(err) == nil && err != nil {
			return err
		}
		if err == nil {
			t.Receipts++
		}
	}
	return nil
}

// importRefusal takes the hub's word why it did not take something: a check-in with a wrong code, for instance. A ballot is never given up for it.
func (b *Booth) importRefusal(ctx context.Context, object []byte) error {
	head, why, _ := strings.Cut(string(object), "\n\n")
	_, id, _ := strings.Cut(head, "\nobject ")
	items, err := b.outbox.Items(ctx, b.Package.Session, "")
	if err != nil {
		return err
	}
	for _, i := range items {
		if i.ID == id && i.Kind != box.Envelope && i.Kind != box.Return && i.Epoch == 0 {
			return b.outbox.Refuse(ctx, i.N, strings.TrimSpace(why))
		}
	}
	return nil
}

// importRest keeps pieces of columns, and the checkpoint of the hub.
func (b *Booth) importRest(ctx context.Context, object []byte, t *Taken) error {
	if ballot.KindOf(object) == kindRefused {
		return b.importRefusal(ctx, object)
	}
	if round, offset, total, piece, ok := readPiece(object); ok {
		t.Columns++
		return b.outbox.KeepPiece(ctx, b.Package.Session, round, offset, total, piece)
	}
	h, n, err := b.check(ctx, object)
	if err != nil {
		return nil //nolint:nilerr // no checkpoint, or of a hub that is not believed; a contradiction is kept as an alarm
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if x, err := ballot.ReadHead(b.highest); err == nil {
		if b.Package.EpochOf(x.Origin) > n || x.Origin == h.Origin && x.Size >= h.Size {
			return nil
		}
		b.unproved = append(b.unproved, b.highest) // to be proved when there is a network
	}
	b.highest = object
	return b.outbox.KeepHighest(ctx, b.Package.Session, object)
}

// readPiece reads a piece of columns: "zp-columns/1\nround R1\noffset N\ntotal N\n\n" and the bytes.
func readPiece(object []byte) (round string, offset, total int64, piece []byte, ok bool) {
	head, piece, found := bytes.Cut(object, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) != 4 || lines[0] != "zp-columns/1" {
		return "", 0, 0, nil, false
	}
	var v [3]string
	for i, key := range []string{"round ", "offset ", "total "} {
		if v[i], ok = strings.CutPrefix(lines[i+1], key); !ok {
			return "", 0, 0, nil, false
		}
	}
	offset, err1 := strconv.ParseInt(v[1], 10, 64)
	total, err2 := strconv.ParseInt(v[2], 10, 64)
	ok = err1 == nil && err2 == nil && offset >= 0 && total <= maxColumns && offset+int64(len(piece)) <= total
	return v[0], offset, total, piece, ok
}
