package ballot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"

	"zhiping/shared/fault"
)

// An Evidence is the record of a room in one file (package documentation, "Evidence").
type Evidence struct {
	Server      string // key (hex) that signed the package, as the room knows it
	Log         [][]byte
	Checkpoint  []byte
	Columns     map[string][]byte // by round
	Firsts      [][]byte          // evidence files of the first rounds, in the order of the package's depends lines
	Earlier     [][]byte          // evidence files of earlier hubs whose logs were not gone on with
	Checkpoints [][]byte          // that laptops have seen
	Late        [][]byte          // objects that came too late, or from a released hub: kept, never counted
}

const (
	evidenceOne   = "zp-record/1\n"
	evidenceMagic = "zp-record/2\n"
)

// The parts of an evidence file.
const (
	partKey     = "KEY "
	partLog     = "LOG "
	partHead    = "HEAD"
	partColumns = "COL "
	partFirst   = "FRST"
	partEarlier = "OLD "
	partSeen    = "SEEN"
	partLate    = "LATE"
)

// maxPieces bounds the parts of an evidence file, maxDepth how deep evidence stands in evidence.
const (
	maxPieces = 1 << 20
	maxDepth  = 4
)

// Encode writes the file.
func (e *Evidence) Encode(p *Package) []byte {
	b := []byte(evidenceMagic)
	part := func(tag string, x []byte) {
		b = binary.BigEndian.AppendUint32(append(b, tag...), uint32(len(x)))
		b = append(b, x...)
	}
	if e.Server != "" {
		part(partKey, []byte(e.Server))
	}
	for _, o := range e.Log {
		part(partLog, o)
	}
	part(partHead, e.Checkpoint)
	for _, id := range slices.SortedFunc(maps.Keys(e.Columns), p.before) {
		if columns := e.Columns[id]; len(columns) > 0 {
			part(partColumns, append([]byte(id+"\n"), columns...))
		}
	}
	for _, list := range []struct {
		tag string
		all [][]byte
	}{{partFirst, e.Firsts}, {partEarlier, e.Earlier}, {partSeen, e.Checkpoints}, {partLate, e.Late}} {
		for _, x := range list.all {
			part(list.tag, x)
		}
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

var (
	errNoEvidence  = fault.New(fault.Invalid, "不是会议记录文件")
	errBadEvidence = fault.New(fault.Invalid, "会议记录文件不完整或已损坏")
)

// ParseEvidence takes a file of either version apart; it proves nothing yet.
func ParseEvidence(file []byte) (*Evidence, error) {
	if len(file) < len(evidenceMagic)+sha256.Size {
		return nil, errNoEvidence
	}
	magic, body, end := file[:len(evidenceMagic)], file[len(evidenceMagic):len(file)-sha256.Size], file[len(file)-sha256.Size:]
	if string(magic) != evidenceOne && string(magic) != evidenceMagic {
		return nil, errNoEvidence
	}
	if sum := sha256.Sum256(file[:len(file)-sha256.Size]); !bytes.Equal(sum[:], end) {
		return nil, errBadEvidence
	}
	if string(magic) == evidenceOne {
		return parseOne(body)
	}
	e := &Evidence{Columns: map[string][]byte{}}
	order := 0
	for n := 0; len(body) > 0; n++ {
		if len(body) < 8 || n > maxPieces {
			return nil, errBadEvidence
		}
		size := binary.BigEndian.Uint32(body[4:])
		if uint64(size) > uint64(len(body)-8) {
			return nil, errBadEvidence
		}
		tag, part := string(body[:4]), body[8:8+size]
		if i := bytes.Index([]byte(partOrder), []byte(tag)); i < order || i%4 != 0 || i == order && (tag == partKey || tag == partHead) && n > 0 {
			return nil, errBadEvidence
		} else {
			order = i
		}
		if err := e.add(tag, part); err != nil {
			return nil, err
		}
		body = body[8+size:]
	}
	if len(e.Log) == 0 || e.Checkpoint == nil {
		return nil, errBadEvidence
	}
	return e, nil
}

// partOrder is the order of the parts.
const partOrder = partKey + partLog + partHead + partColumns + partFirst + partEarlier + partSeen + partLate

func (e *Evidence) add(tag string, part []byte) error {
	switch tag {
	case partKey:
		e.Server = string(part)
	case partLog:
		e.Log = append(e.Log, part)
	case partHead:
		e.Checkpoint = part
	case partFirst:
		e.Firsts = append(e.Firsts, part)
	case partEarlier:
		e.Earlier = append(e.Earlier, part)
	case partSeen:
		e.Checkpoints = append(e.Checkpoints, part)
	case partLate:
		e.Late = append(e.Late, part)
	case partColumns:
		id, columns, ok := bytes.Cut(part, []byte("\n"))
		if _, twice := e.Columns[string(id)]; !ok || twice || len(columns) == 0 {
			return errBadEvidence
		}
		e.Columns[string(id)] = columns
	}
	return nil
}

// parseOne reads the first version: parts with their length in front, the number of objects, the objects, the checkpoint, and the columns of each
// round of the package in order, empty for a round without a tally.
func parseOne(body []byte) (*Evidence, error) {
	var all [][]byte
	for len(body) > 0 {
		if len(body) < 4 {
			return nil, errBadEvidence
		}
		n := binary.BigEndian.Uint32(body)
		if uint64(n) > uint64(len(body)-4) {
			return nil, errBadEvidence
		}
		all, body = append(all, body[4:4+n]), body[4+n:]
	}
	if len(all) < 2 || len(all[0]) != 8 {
		return nil, errBadEvidence
	}
	n := binary.BigEndian.Uint64(all[0])
	if n == 0 || n > maxPieces || uint64(len(all)) < n+2 {
		return nil, errBadEvidence
	}
	e := &Evidence{Log: all[1 : 1+n], Checkpoint: all[1+n], Columns: map[string][]byte{}}
	text, _, err := split(e.Log[0])
	p := &Package{Old: typeOf(e.Log[0]) == kindPackageOne}
	if err == nil {
		err = decode(text, p)
	}
	if err != nil || len(all) != int(n)+2+len(p.Rounds) {
		return nil, errBadEvidence
	}
	for i, r := range p.Rounds {
		if columns := all[int(n)+2+i]; len(columns) > 0 {
			e.Columns[r.ID] = columns
		}
	}
	return e, nil
}
