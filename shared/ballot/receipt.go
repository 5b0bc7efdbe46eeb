package ballot

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"zhiping/shared/fault"
)

// A Receipt is the hub's word that an object stands in the log, or why an envelope does not count.
type Receipt struct {
	Origin     string
	Epoch      int64
	Index      int64 // of the object, or of the one that rejects it
	Object     ID
	Reason     string // "" is accepted
	Signature  string // line of the reject, so that the laptop can make the object itself and prove it
	Proof      tlog.RecordProof
	Checkpoint []byte
}

const (
	kindReceipt    = "zp-receipt/2"
	kindReceiptOne = "zp-receipt/1"
)

func lastSignature(object []byte) string {
	_, lines, err := split(object)
	if err != nil {
		return ""
	}
	return lines[len(lines)-1]
}

// Text writes a receipt: its type, origin, epoch, index, object, ACCEPTED or REJECTED and the reason, the signature line of the reject (or "-"), the
// proof's hashes (base64, separated by ",", or "-"), then the checkpoint.
func (r *Receipt) Text() []byte {
	verdict, signature := "ACCEPTED", "-"
	if r.Reason != "" {
		verdict, signature = "REJECTED "+r.Reason, r.Signature
	}
	proof := make([]string, len(r.Proof))
	for i, h := range r.Proof {
		proof[i] = base64.StdEncoding.EncodeToString(h[:])
	}
	hashes := strings.Join(proof, ",")
	if hashes == "" {
		hashes = "-"
	}
	return fmt.Appendf(nil, "%s\n%s\n%d\n%d\n%s\n%s\n%s\n%s\n%s", kindReceipt, r.Origin, r.Epoch, r.Index, r.Object, verdict, signature, hashes, r.Checkpoint)
}

var errReceipt = fault.New(fault.Invalid, "主机的回执无效，选票仍保存在本机，请重新发送")

// parseReceipt reads a receipt; a receipt of the first version is one of the first epoch.
func parseReceipt(text []byte) (*Receipt, error) {
	lines := strings.SplitN(string(text), "\n", 9)
	if len(lines) > 0 && lines[0] == kindReceiptOne {
		if lines = strings.SplitN(string(text), "\n", 7); len(lines) == 7 {
			lines = []string{kindReceipt, lines[1], "1", lines[2], lines[3], lines[4], "-", lines[5], lines[6]}
		}
	}
	if len(lines) != 9 || lines[0] != kindReceipt {
		return nil, errReceipt
	}
	r := &Receipt{Origin: lines[1], Checkpoint: []byte(lines[8])}
	var err1, err2 error
	r.Epoch, err1 = strconv.ParseInt(lines[2], 10, 64)
	r.Index, err2 = strconv.ParseInt(lines[3], 10, 64)
	id := mustHex(lines[4])
	reason, rejected := strings.CutPrefix(lines[5], "REJECTED ")
	if err1 != nil || err2 != nil || r.Index < 0 || len(id) != 32 || !rejected && lines[5] != "ACCEPTED" || rejected && rejectWords[reason] == "" {
		return nil, errReceipt
	}
	if r.Object = ID(id); rejected {
		r.Reason, r.Signature = reason, lines[6]
	}
	if lines[7] != "-" && lines[7] != "" {
		for _, h := range strings.Split(lines[7], ",") {
			hash, err := tlog.ParseHash(h)
			if err != nil {
				return nil, errReceipt
			}
			r.Proof = append(r.Proof, hash)
		}
	}
	if two := strings.HasPrefix(string(text), kindReceipt+"\n"); two && string(r.Text()) != string(text) {
		return nil, errReceipt
	}
	return r, nil
}

// CheckReceipt reads a receipt and checks that a hub of the package signed it and that it proves this envelope to be in the log, or to be rejected
// there: only then has it been received. A hub beyond the package's two is named by its key.
func CheckReceipt(text, envelope []byte, p *Package, hubs ...string) (*Receipt, error) {
	r, err := parseReceipt(text)
	if err != nil || r.Object != IDOf(envelope) {
		return nil, errReceipt
	}
	h, err := OpenCheckpoint(r.Checkpoint, append(p.hubs(), hubs...)...)
	if err != nil || h.Origin != r.Origin || p.epochOf(h.Origin) != r.Epoch {
		return nil, errReceipt
	}
	record := envelope
	if r.Reason != "" {
		if record, err = r.rejected(envelope, p, append(p.hubs(), hubs...)); err != nil {
			return nil, err
		}
	}
	if tlog.CheckRecord(r.Proof, h.Size, h.Root, r.Index, tlog.RecordHash(record)) != nil {
		return nil, errReceipt
	}
	return r, nil
}

// rejected makes the object that rejects an envelope anew, with the hub's signature.
func (r *Receipt) rejected(envelope []byte, p *Package, hubs []string) ([]byte, error) {
	id := IDOf(envelope)
	o := &Reject{Old: p.Old, Session: p.Session, Envelope: id[:], Reason: r.Reason}
	if !o.Old {
		o.Content = envelope
	}
	text, err := encode(o)
	if err != nil {
		return nil, errReceipt
	}
	object := []byte(text + "\n" + r.Signature + "\n")
	if open(object, &Reject{Old: p.Old}, holder{RoleHub, hubs}) != nil {
		return nil, errReceipt
	}
	return object, nil
}

// A Watch is a laptop's memory of the highest checkpoint of the log it votes in.
type Watch struct {
	Package *Package
	Hubs    []string // keys beyond the package's two
	Highest []byte   // signed checkpoint, nil for none
}

// ErrEquivocal is found when a hub has shown two logs: both checkpoints are evidence.
var ErrEquivocal = fault.New(fault.State, "主机前后出示的会议记录不一致，请立即停止表决，并将本机屏幕内容交监督人员")

// See takes a checkpoint and the proof that the one seen before is a beginning of its log. Two heads that are not beginnings of one another are an
// alarm (V10); an older one is ignored.
func (w *Watch) See(checkpoint []byte, proof tlog.TreeProof) error {
	keys := append(w.Package.hubs(), w.Hubs...)
	h, err := OpenCheckpoint(checkpoint, keys...)
	if err != nil {
		return err
	}
	n := w.Package.epochOf(h.Origin)
	if n == 0 {
		return fault.New(fault.Invalid, "检查点不属于本场会议")
	}
	if w.Highest == nil {
		w.Highest = checkpoint
		return nil
	}
	seen, err := OpenCheckpoint(w.Highest, keys...)
	if err != nil {
		return err
	}
	switch before := w.Package.epochOf(seen.Origin); {
	case n > before:
		w.Highest = checkpoint // another hub's log: what it lost is found at the hand-over
	case n < before || h.Size < seen.Size:
		return nil
	case h.Size == seen.Size && h.Root != seen.Root:
		return ErrEquivocal
	case h.Size > seen.Size && tlog.CheckTree(proof, h.Size, h.Root, seen.Size, seen.Root) != nil:
		return ErrEquivocal
	default:
		w.Highest = checkpoint
	}
	return nil
}
