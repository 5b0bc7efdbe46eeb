package room

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"zhiping/shared/ballot"
	"zhiping/shared/fault"
	"zhiping/shared/room"
	"zhiping/shared/room/stick"
)

// Imported is what became of a file that was brought on a stick.
type Imported struct {
	Objects     int
	Accepted    int      // are in the log now
	Known       int      // were there before, or have been answered before
	Quarantined int      // could not be read; each is an exception at the close
	Refused     []string // why others were not taken
	Pending     int      // check-ins that wait for staff
	Note        string   // what else the file was
	Reply       []byte   // for the laptop that sent the file, encrypted to it; nil if it named no receiver
}

// kindReply names the laptop that the reply is for, kindColumns a piece of columns, kindRefused why something was not taken.
const (
	kindReply   = "zp-reply/1"
	kindColumns = "zp-columns/1"
	kindRefused = "zp-refused/1"
)

// Import takes a file from a stick: a bundle of a booth, a copy of the log for the spare, the record of a hub that was given up or of a first round, or
// a single object of the server. Whatever is in it may come again and changes nothing then; what cannot be read is noted and does not keep the rest out.
func (h *Hub) Import(ctx context.Context, file []byte) (*Imported, error) {
	if bytes.HasPrefix(file, []byte("zp-record/")) {
		return h.importRecord(file)
	}
	if bytes.HasPrefix(file, []byte("zp-")) {
		return h.importObjects(ctx, [][]byte{file})
	}
	objects, err := stick.OpenAtHub(h.keys.Hub.Private, file)
	if err != nil {
		return nil, err
	}
	if len(objects) > 0 && ballot.KindOf(objects[0]) == kindCopy {
		return h.importCopy(ctx, objects)
	}
	return h.importObjects(ctx, objects)
}

// importRecord keeps the record of an earlier hub of one of the sessions, or of a first round of one.
func (h *Hub) importRecord(file []byte) (*Imported, error) {
	v, err := ballot.Verify(file, h.server)
	if err != nil {
		return nil, err
	}
	p, id := v.State.Package, v.State.PackageID
	for _, d := range h.Rooms {
		for _, dep := range d.Whole.Depends {
			if dep.Session == p.Session && bytes.Equal(dep.Package, id[:]) {
				return &Imported{Objects: int(v.Size), Note: fmt.Sprintf("已导入首轮会议“%s”的记录", p.Session)}, d.shelf.keep(firstFolder, file)
			}
		}
		if d.id != id {
			continue
		}
		var prefix, later bool
		d.View(func(s *ballot.State) {
			root, known := s.RootAt(v.Size)
			prefix, later = known && root == v.Root, v.State.Epoch >= s.Epoch
		})
		switch {
		case prefix:
			return &Imported{Objects: int(v.Size), Note: "该记录已包含在本机的记录中"}, nil
		case later:
			return nil, fault.New(fault.State, "该记录不属于已更换的主机；如原主机仍在使用，请立即停用并报告监督人员")
		}
		return &Imported{Objects: int(v.Size), Note: fmt.Sprintf("已将第%d任主机的记录作为证据保存", v.State.Epoch)}, d.shelf.keep(earlierFolder, file)
	}
	return nil, fault.New(fault.Invalid, "该会议记录不属于本机的任何会场")
}

// importCopy takes a hub's copy of its log, with the codes that it gave out.
func (h *Hub) importCopy(ctx context.Context, parts [][]byte) (*Imported, error) {
	end := len(parts)
	for end > 0 && slices.Contains([]string{kindCodes, kindColumns}, ballot.KindOf(parts[end-1])) {
		end--
	}
	c, err := readCopy(parts[:end])
	if err != nil {
		return nil, err
	}
	d, err := h.Room(c.session)
	if err != nil {
		return nil, err
	}
	if err := d.take(ctx, c.from, c.objects, c.checkpoint); err != nil {
		return nil, err
	}
	if err := d.takeCodes(parts[end:]); err != nil {
		return nil, err
	}
	return &Imported{Objects: len(c.objects), Note: "已导入主机的记录副本"}, d.takeColumns(ctx, parts[end:])
}

// takeCodes takes the codes that the hub gave out, and its pairing code, so that booths need not be told another.
func (d *Desk) takeCodes(parts [][]byte) error {
	for _, p := range parts {
		if ballot.KindOf(p) != kindCodes || d.room.Session.Sequencer() {
			continue
		}
		codes, pairing := map[string]string{}, ""
		for line := range strings.Lines(string(p)) {
			key, code, ok := strings.Cut(strings.TrimSpace(line), " ")
			switch {
			case ok && key == pairingKey:
				pairing = code
			case ok && d.Whole.Expert(key) != nil:
				codes[key] = code
			}
		}
		changed, err := d.hub.adopt(d.Session, codes, pairing)
		if err != nil {
			return err
		}
		if changed {
			d.room.Wake()
		}
	}
	return nil
}

// pairingKey begins the line of the pairing code; no expert's id holds a ":".
const pairingKey = "pairing:"

// codesText writes the codes for the spare.
func (d *Desk) codesText() []byte {
	b := fmt.Appendf(nil, "%s\n%s %s\n", kindCodes, pairingKey, d.hub.PairingCode())
	for _, e := range d.Whole.Experts {
		if code, ok := d.Code(e.ID); ok {
			b = fmt.Appendf(b, "%s %s\n", e.ID, code)
		}
	}
	return b
}

// takeColumns puts the pieces of columns together and keeps those that are the tallies'.
func (d *Desk) takeColumns(ctx context.Context, parts [][]byte) error {
	all := map[string][]byte{}
	for _, p := range parts {
		if head, piece, ok := bytes.Cut(p, []byte("\n\n")); ok && ballot.KindOf(p) == kindColumns {
			round := fieldOf(append(head, '\n'), "round")
			all[round] = append(all[round], piece...)
		}
	}
	for id, sum := range d.lacking() {
		if !summed(all[id], sum) {
			return fault.New(fault.Invalid, "副本中轮次%s的计票栏与计票结果不符", id)
		}
		if err := d.shelf.KeepColumns(ctx, id, all[id]); err != nil {
			return err
		}
	}
	return nil
}

// Copy is a copy of a session's log for the spare, with codes and columns, encrypted to the spare: the way without a LAN, and how the codes get there.
func (d *Desk) Copy() ([]byte, error) {
	if d.Whole.Spare == "" {
		return nil, fault.New(fault.State, "本场会议没有备用主机")
	}
	log, checkpoint, err := d.room.Session.Signed()
	if err != nil {
		return nil, err
	}
	columns, err := d.allColumns(context.Background())
	if err != nil {
		return nil, err
	}
	parts := append(copyParts(d.Session, 0, log, checkpoint), d.codesText())
	return stick.ToHub(d.Whole.Spare, append(parts, columns...))
}

// An errand is one file of a booth on its way through the hub.
type errand struct {
	h        *Hub
	result   *Imported
	to       string // recipient of the reply
	desks    []*Desk
	experts  map[*Desk][]string
	receipts [][]byte
}

// importObjects takes what an expert's laptop or the server sends, in any order: what needs something else first is tried again after it.
func (h *Hub) importObjects(ctx context.Context, objects [][]byte) (*Imported, error) {
	e := &errand{h: h, result: &Imported{Objects: len(objects)}, experts: map[*Desk][]string{}}
	// Checkpoints first: a hub that was rolled back must know it before it takes anything.
	waiting := slices.Clone(objects)
	slices.SortStableFunc(waiting, func(a, b []byte) int { return cmp.Compare(rank(a), rank(b)) })
	for len(waiting) > 0 {
		var later [][]byte
		var why []string
		for _, o := range waiting {
			h.point("object")
			if err := e.take(ctx, o); err == nil {
				continue
			} else if fault.CodeOf(err) == fault.State {
				later, why = append(later, o), append(why, err.Error())
			} else if f := fault.As(err); f != nil {
				e.refuse(o, f.Message)
			} else {
				return nil, err // the disk, say: the file is brought again
			}
		}
		if len(later) == len(waiting) {
			for i, o := range later {
				e.refuse(o, why[i])
			}
			break
		}
		waiting = later
	}
	h.point("imported")
	return e.result, e.reply(ctx)
}

// rank puts checkpoints before everything else.
func rank(object []byte) int {
	if _, err := ballot.ReadHead(object); err == nil {
		return 0
	}
	return 1
}

func (e *errand) refuse(object []byte, why string) {
	e.result.Refused = append(e.result.Refused, why)
	e.receipts = append(e.receipts, fmt.Appendf(nil, "%s\nobject %s\n\n%s\n", kindRefused, ballot.IDOf(object), why))
}

// take takes one object of the file; a fault of the state means that it may be taken after others.
func (e *errand) take(ctx context.Context, object []byte) error {
	if ballot.KindOf(object) == kindReply {
		_, to, _ := strings.Cut(string(object), "\nrecipient ")
		e.to = strings.TrimSpace(to)
		return nil
	}
	if h, err := ballot.ReadHead(object); err == nil {
		return e.witness(ctx, object, h)
	}
	session, readable := sessionOf(object)
	d, err := e.h.Room(session)
	if !readable {
		return e.stray(ctx, object)
	}
	if err != nil {
		return err
	}
	if !slices.Contains(e.desks, d) {
		e.desks = append(e.desks, d)
	}
	return e.append(ctx, d, object)
}

// witness takes a checkpoint that the laptop holds.
func (e *errand) witness(ctx context.Context, checkpoint []byte, h ballot.Head) error {
	for _, d := range e.h.Rooms {
		if d.Whole.EpochOf(h.Origin) > 0 {
			_, _, err := d.room.Witness(ctx, checkpoint)
			return err
		}
	}
	return fault.New(fault.Invalid, "检查点不属于本机的会场")
}

// stray notes what cannot be read: its bytes are kept beside the log, its hash stands in it.
func (e *errand) stray(ctx context.Context, object []byte) error {
	if len(e.h.Rooms) == 0 {
		return fault.New(fault.State, "本机没有会场，请先导入会议包")
	}
	d := e.h.Rooms[0]
	if len(e.desks) > 0 {
		d = e.desks[0]
	}
	sum := sha256.Sum256(object)
	known := false
	d.View(func(s *ballot.State) {
		known = slices.ContainsFunc(s.Quarantined, func(q *ballot.Quarantine) bool { return bytes.Equal(q.Object, sum[:]) })
	})
	if known {
		e.result.Known++
		return nil
	}
	if err := d.shelf.keep(strayFolder, object); err != nil {
		return err
	}
	if err := d.room.Quarantine(ctx, object, "文件中有无法识别的内容"); err != nil {
		return err
	}
	e.result.Quarantined++
	return nil
}

// fromLaptop are the types that laptops send, and from the server those that it sends to a hub.
var fromLaptop = []string{
	"zp-checkin/1", "zp-return/1", "zp-retreq/1", "zp-opinion/1", "zp-device/1", "zp-attest/1", "zp-wipe/1",
	"zp-archive/1", "zp-release/1", "zp-epoch/1",
}

// sessionOf reads which session an object is of; false if it is of no type that is brought to a hub.
func sessionOf(object []byte) (string, bool) {
	if e, err := ballot.ParseEnvelope(object); err == nil {
		return e.Session, true
	}
	if !slices.Contains(fromLaptop, ballot.KindOf(object)) {
		return "", false
	}
	session := fieldOf(object, "session")
	return session, session != ""
}

// append appends an object of a laptop and keeps its receipt for the reply.
func (e *errand) append(ctx context.Context, d *Desk, object []byte) error {
	before := len(d.Log())
	receipt, pending, err := d.submit(ctx, object)
	if err != nil {
		return err
	}
	if expert := expertOf(object); expert != "" && !slices.Contains(e.experts[d], expert) {
		e.experts[d] = append(e.experts[d], expert)
	}
	switch {
	case pending:
		e.result.Pending++
		return nil
	case receipt.Index < int64(before):
		e.result.Known++
	case receipt.Reason != "":
		e.result.Refused = append(e.result.Refused, ballot.RejectText(receipt.Reason))
	default:
		e.result.Accepted++
	}
	e.receipts = append(e.receipts, receipt.Text())
	return nil
}

func (d *Desk) submit(ctx context.Context, object []byte) (*ballot.Receipt, bool, error) {
	switch kind := ballot.KindOf(object); kind {
	case "zp-checkin/1":
		return d.room.CheckIn(ctx, object)
	case "zp-archive/1", "zp-release/1", "zp-epoch/1":
		receipt, err := d.room.Take(ctx, object)
		return receipt, false, err
	}
	receipt, err := d.room.Submit(ctx, object)
	return receipt, false, err
}

// expertOf is whose an object is.
func expertOf(object []byte) string {
	if e, err := ballot.ParseEnvelope(object); err == nil {
		return e.Expert
	}
	return fieldOf(object, "expert")
}

// reply makes the bundle that goes back: receipts, what has happened that concerns the laptop's experts, columns in pieces, and the checkpoint last.
func (e *errand) reply(ctx context.Context) error {
	if e.to == "" {
		return nil
	}
	objects := slices.Clone(e.receipts)
	if len(e.desks) == 0 {
		e.desks = e.h.Rooms // a laptop that asks for news
	}
	for _, d := range e.desks {
		news, err := d.news(ctx, e.experts[d])
		if err != nil {
			return err
		}
		objects = append(objects, news...)
	}
	reply, err := stick.ToLaptop(e.to, objects)
	e.result.Reply = reply
	return err
}

// everybody are the types that concern every laptop; others concern it if they name one of its experts or a ballot of his.
var everybody = []string{
	"zp-open/1", "zp-open/2", "zp-close/1", "zp-close/2", "zp-tally/1", "zp-tally/2", "zp-signoff/1", "zp-void/1", "zp-epoch/1", "zp-derive/1", "zp-archive/1", "zp-release/1",
}

// news are the log's objects that concern some experts, the columns of counted rounds, and the checkpoint.
func (d *Desk) news(ctx context.Context, experts []string) ([][]byte, error) {
	log, checkpoint, err := d.room.Session.Signed()
	if err != nil {
		return nil, err
	}
	own := map[string]bool{}
	var news [][]byte
	writers := room.Writers(log)
	for _, o := range log[1:] {
		expert := expertOf(o)
		switch kind := ballot.KindOf(o); {
		case slices.Contains(everybody, kind), room.OfOpinions(o, writers):
			news = append(news, o)
		case !slices.Contains(experts, expert) && kind != "zp-return/1":
		case kind == "zp-checkin/1", kind == "zp-revoke/1", strings.HasPrefix(kind, "zp-attend/"):
			news = append(news, o)
		case kind == "zp-return/1":
			if own[fieldOf(o, "envelope")] {
				news = append(news, o)
			}
		default:
			own[ballot.IDOf(o).String()] = true // an envelope of one of them
		}
	}
	columns, err := d.allColumns(ctx)
	return append(append(news, columns...), checkpoint), err
}

// allColumns are the columns of every counted round, in pieces.
func (d *Desk) allColumns(ctx context.Context) (all [][]byte, err error) {
	counted := d.counted()
	for _, id := range counted {
		b, err := d.shelf.Columns(ctx, id)
		if err != nil {
			return nil, err
		}
		all = append(all, pieces(id, b)...)
	}
	return all, nil
}

// fieldOf is the value of the first line of an object with a key.
func fieldOf(object []byte, key string) string {
	for line := range strings.Lines(string(object)) {
		if v, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), key+" "); ok {
			return v
		}
	}
	return ""
}

// pieces cuts columns so that each fits into a bundle.
func pieces(round string, columns []byte) (all [][]byte) {
	const most = 1<<20 - 4096
	for at := 0; at < len(columns); at += most {
		head := fmt.Appendf(nil, "%s\nround %s\noffset %d\ntotal %d\n\n", kindColumns, round, at, len(columns))
		all = append(all, append(head, columns[at:min(at+most, len(columns))]...))
	}
	return all
}
