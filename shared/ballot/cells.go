package ballot

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"zhiping/shared/fault"
)

// The cells of a vote.
const (
	Agree   byte = 1
	Oppose  byte = 2
	Abstain byte = 3
	Recused byte = 4
)

// The special cells of a score.
const (
	ScoreAbstain uint16 = 0xFFFE
	ScoreRecused uint16 = 0xFFFF
)

// A Ballot is what an expert has decided: one cell per applicant in the package's order. A score has one row of items per applicant; who
// abstains gives ScoreAbstain for every item.
type Ballot struct {
	Votes  []byte
	Scores [][]uint16
}

// width is how many bytes one applicant's cell takes.
func (r *Round) width() int {
	if r.Kind == Vote {
		return 1
	}
	return 2 * int(r.Items)
}

// cells returns the ballot's cells after checking each against the round; the cells of applicants the expert is recused from are written
// by the program itself.
func (b *Ballot) cells(p *Package, r *Round, e *Expert) ([]byte, error) {
	var out []byte
	for i, a := range p.Applicants {
		cell, err := b.cell(p, r, i, a, slices.Contains(e.Recused, a.ID))
		if err != nil {
			return nil, err
		}
		out = append(out, cell...)
	}
	if n := r.yes(out); r.Most > 0 && n > r.Most {
		return nil, fault.New(fault.Invalid, "本轮最多可投%d张同意票，现有%d张，请修改后再提交", r.Most, n)
	}
	return out, nil
}

func (b *Ballot) cell(p *Package, r *Round, i int, a Applicant, recused bool) ([]byte, error) {
	switch {
	case recused:
		return r.recusedCell(), nil
	case r.Kind == Vote:
		if i >= len(b.Votes) || b.Votes[i] < Agree || b.Votes[i] > Abstain {
			return nil, fault.New(fault.Invalid, "第%d位“%s”尚未表决，请补充后再提交", a.Position, a.Name)
		}
		return b.Votes[i : i+1], nil
	case i >= len(b.Scores) || len(b.Scores[i]) != int(r.Items):
		return nil, fault.New(fault.Invalid, "第%d位“%s”尚未评分，请补充后再提交", a.Position, a.Name)
	}
	var cell []byte
	for k, v := range b.Scores[i] {
		if low, high := p.limits(r, k); !p.legal(r, k, v) {
			return nil, fault.New(fault.Invalid, "第%d位“%s”的第%d项得分为空或不在%d至%d之间，请补充后再提交", a.Position, a.Name, k+1, low, high)
		}
		cell = binary.BigEndian.AppendUint16(cell, v)
	}
	if !p.legalCell(r, cell, false) {
		return nil, fault.New(fault.Invalid, "第%d位“%s”的评分项有的弃权、有的有分，请全部评分或全部弃权", a.Position, a.Name)
	}
	return cell, nil
}

// recusedCell is what the program writes for an applicant whom the expert must not vote on.
func (r *Round) recusedCell() []byte {
	if r.Kind == Vote {
		return []byte{Recused}
	}
	return slices.Repeat([]byte{0xFF}, r.width())
}

// yes counts the yes votes of a ballot.
func (r *Round) yes(cells []byte) int64 {
	n := int64(0)
	for _, c := range cells {
		if r.Kind == Vote && c == Agree {
			n++
		}
	}
	return n
}

// limits are the least and the highest score of an item.
func (p *Package) limits(r *Round, item int) (low, high int64) {
	if items := p.items(r); item < len(items) && items[item].Max > 0 {
		return r.Min, items[item].Max
	}
	return r.Min, r.Max
}

// legal reports whether an expert may give this score to an item.
func (p *Package) legal(r *Round, item int, v uint16) bool {
	low, high := p.limits(r, item)
	return v == ScoreAbstain || int64(v) >= low && int64(v) <= high && (int64(v)-low)%max(r.Step, 1) == 0
}

// legalCell checks a cell: recused exactly where the expert is, and abstaining as a whole or not at all.
func (p *Package) legalCell(r *Round, cell []byte, recused bool) bool {
	if r.Kind == Vote {
		return recused == (cell[0] == Recused) && cell[0] >= Agree && cell[0] <= Recused
	}
	abstained := int64(0)
	for k := range int(r.Items) {
		v := binary.BigEndian.Uint16(cell[2*k:])
		if recused != (v == ScoreRecused) || !recused && !p.legal(r, k, v) {
			return false
		}
		if v == ScoreAbstain {
			abstained++
		}
	}
	return p.Old || abstained == 0 || abstained == r.Items
}

// allLegal checks every cell of a ballot.
func (r *Round) allLegal(p *Package, e *Expert, cells []byte) bool {
	w := r.width()
	for i, a := range p.Applicants {
		if !p.legalCell(r, cells[i*w:(i+1)*w], slices.Contains(e.Recused, a.ID)) {
			return false
		}
	}
	return r.Most == 0 || r.yes(cells) <= r.Most
}

// value writes a cell.
func (r *Round) value(cell []byte) string {
	if r.Kind == Vote {
		return strconv.Itoa(int(cell[0]))
	}
	var items []string
	for k := range int(r.Items) {
		items = append(items, strconv.Itoa(int(binary.BigEndian.Uint16(cell[2*k:]))))
	}
	return strings.Join(items, ",")
}

// CheckOwn counts the cells of an expert's own ballot that do not stand in the columns; own is what SealNext gave.
func CheckOwn(p *Package, round string, own, columns []byte) (mismatches int64, err error) {
	r := p.Round(round)
	if r == nil || len(own) != 33+r.width()*len(p.Applicants) {
		return 0, fault.New(fault.Invalid, "本机保存的选票与会议包不符")
	}
	_, all, err := parseColumns(p, r, columns)
	if err != nil {
		return 0, err
	}
	w := r.width()
	for i, a := range p.Applicants {
		want := row{hexOf(Code(own[1:33], round, a.ID)), r.value(own[33+i*w : 33+(i+1)*w])}
		if !slices.Contains(all[i], want) {
			mismatches++
		}
	}
	return mismatches, nil
}
