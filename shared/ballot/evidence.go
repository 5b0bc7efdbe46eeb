package ballot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"zhiping/shared/fault"
)

// An Evidence is the record of a room in one file: the magic line "zp-record/1\n", then parts, each with its length in front as a
// big-endian uint32: the number of log objects (8 bytes), the objects, the signed checkpoint, then for each round of the package in
// order its columns (empty for a round without tally), and last the SHA-256 of everything before.
type Evidence struct {
	Log        [][]byte
	Checkpoint []byte
	Columns    map[string][]byte // by round
}

const evidenceMagic = "zp-record/1\n"

// Encode writes the file.
func (e *Evidence) Encode(p *Package) []byte {
	b := []byte(evidenceMagic)
	part := func(x []byte) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(x)))
		b = append(b, x...)
	}
	part(binary.BigEndian.AppendUint64(nil, uint64(len(e.Log))))
	for _, o := range e.Log {
		part(o)
	}
	part(e.Checkpoint)
	for _, r := range p.Rounds {
		part(e.Columns[r.ID])
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// maxObjects bounds a log.
const maxObjects = 1 << 20

// parts takes the file apart.
func parts(file []byte) ([][]byte, error) {
	bad := fault.New(fault.Invalid, "会议记录文件不完整或已损坏")
	body, ok := bytes.CutPrefix(file, []byte(evidenceMagic))
	if !ok || len(body) < sha256.Size {
		return nil, fault.New(fault.Invalid, "不是会议记录文件")
	}
	sum := sha256.Sum256(file[:len(file)-sha256.Size])
	if !bytes.Equal(sum[:], file[len(file)-sha256.Size:]) {
		return nil, bad
	}
	body = body[:len(body)-sha256.Size]
	var all [][]byte
	for len(body) > 0 {
		if len(body) < 4 {
			return nil, bad
		}
		n := int(binary.BigEndian.Uint32(body))
		if n > len(body)-4 {
			return nil, bad
		}
		all, body = append(all, body[4:4+n]), body[4+n:]
	}
	return all, nil
}

// A Verified is what a room record proves.
type Verified struct {
	State   *State
	Size    int64
	Root    tlog.Hash
	Columns map[string][]byte
}

// Verify recomputes a room record from nothing but the server's public key (hex): package, every object and signature in order, the log's
// root, the counted sets, the columns and the results. The error names the first difference, in Chinese.
func Verify(file []byte, server string) (*Verified, error) {
	all, err := parts(file)
	if err != nil {
		return nil, err
	}
	if len(all) < 2 || len(all[0]) != 8 {
		return nil, fault.New(fault.Invalid, "会议记录文件不完整")
	}
	n := binary.BigEndian.Uint64(all[0])
	if n == 0 || n > maxObjects || uint64(len(all)) < n+2 {
		return nil, fault.New(fault.Invalid, "会议记录文件的条数不正确")
	}
	log, rest := all[1:1+n], all[1+n:]
	p, id, err := OpenPackage(log[0], server)
	if err != nil {
		return nil, err
	}
	if len(rest) != 1+len(p.Rounds) {
		return nil, fault.New(fault.Invalid, "会议记录文件应有%d个轮次的计票栏，现有%d个", len(p.Rounds), len(rest)-1)
	}
	v := &Verified{Columns: map[string][]byte{}}
	if v.State, err = replayed(p, id, log); err != nil {
		return nil, err
	}
	if err := v.head(log, rest[0]); err != nil {
		return nil, err
	}
	for i := range p.Rounds {
		if err := v.round(&p.Rounds[i], rest[1+i]); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func replayed(p *Package, id ID, log [][]byte) (*State, error) {
	s, err := NewState(p, id)
	if err != nil {
		return nil, err
	}
	for i, o := range log[1:] {
		if err := s.Apply(o); err != nil {
			return nil, fault.New(fault.Invalid, "第%d条会议记录不成立：%v", i+1, err)
		}
	}
	return s, nil
}

// head recomputes the root and holds it against the hub's checkpoint.
func (v *Verified) head(log [][]byte, checkpoint []byte) error {
	size, root, err := openCheckpoint(checkpoint, v.State.Package)
	if err != nil {
		return err
	}
	if v.Size, v.Root, err = Root(log); err != nil {
		return err
	}
	if size != v.Size || root != v.Root {
		return fault.New(fault.Invalid, "会议记录与主机签名的检查点不一致：检查点%d条，记录%d条", size, v.Size)
	}
	return nil
}

// Root computes the Merkle root of a log.
func Root(log [][]byte) (int64, tlog.Hash, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	})
	for i, o := range log {
		hashes, err := tlog.StoredHashes(int64(i), o, reader)
		if err != nil {
			return 0, tlog.Hash{}, err
		}
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(int64(len(log)), reader)
	return int64(len(log)), root, err
}

// round recomputes the results of a round from its columns.
func (v *Verified) round(r *Round, columns []byte) error {
	rs := v.State.Rounds[r.ID]
	if rs.Tally == nil {
		if len(columns) > 0 {
			return fault.New(fault.Invalid, "轮次%s没有计票结果，却有计票栏", r.ID)
		}
		return nil
	}
	sum := sha256.Sum256(columns)
	if !bytes.Equal(sum[:], rs.Tally.Columns) {
		return fault.New(fault.Invalid, "轮次%s的计票栏与计票结果的摘要不符", r.ID)
	}
	if len(rs.Tally.Results) != len(v.State.Package.Applicants) {
		return fault.New(fault.Invalid, "轮次%s的结果有%d人，参评人员有%d人", r.ID, len(rs.Tally.Results), len(v.State.Package.Applicants))
	}
	counted, invalid := rs.Close.Counted, rs.Tally.Results[0].Invalid
	results, err := Count(v.State.Package, r, columns, counted, invalid, rs.Close.Present)
	if err != nil {
		return err
	}
	for i := range results {
		if !slices.Equal(results[i].values(), rs.Tally.Results[i].values()) {
			return fault.New(fault.Invalid, "轮次%s第%d位“%s”的结果不一致：记录为%v，重新计算得到%v", r.ID, i+1, v.State.Package.Applicants[i].Name, rs.Tally.Results[i].values()[1:], results[i].values()[1:])
		}
	}
	v.Columns[r.ID] = columns
	return nil
}
