package ballot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"zhiping/shared/fault"
)

// A row is one opened ballot of a column: the code of the cell, in hex, and its value.
type row struct{ code, value string }

// A named is the whole ballot of an expert, in a named round alone.
type named struct {
	expert string
	plain  []byte // 0x01 ‖ secret ‖ cells
}

// addTo puts the cells of a ballot into the columns.
func (r *Round) addTo(columns [][]row, p *Package, plain []byte) {
	cells, w := plain[33:], r.width()
	code := coder(plain[1:33], r.ID)
	for i, a := range p.Applicants {
		columns[i] = append(columns[i], row{code(a.ID), r.value(cells[i*w : (i+1)*w])})
	}
}

// columnText writes the columns, each sorted by code; before them the ballots of a named round.
func columnText(p *Package, ballots []named, columns [][]row) ([]byte, error) {
	var b bytes.Buffer
	for _, x := range ballots {
		fmt.Fprintf(&b, "ballot %s %x %x\n", x.expert, x.plain[1:33], x.plain[33:])
	}
	for i, a := range p.Applicants {
		col := columns[i]
		sort.Slice(col, func(x, y int) bool { return col[x].code < col[y].code })
		b.WriteString("applicant " + a.ID + "\n")
		for j, c := range col {
			if j > 0 && c.code == col[j-1].code {
				return nil, fault.New(fault.State, "两张选票的核对码相同，计票停止，请联系技术人员")
			}
			b.WriteString(c.code + " " + c.value + "\n")
		}
	}
	return b.Bytes(), nil
}

// parseColumns reads columns and refuses any that would be written otherwise. The ballots of a named round must give these very columns.
func parseColumns(p *Package, r *Round, columns []byte) ([]named, [][]row, error) {
	if !bytes.HasSuffix(columns, []byte("\n")) {
		return nil, nil, fault.New(fault.Invalid, "计票栏不完整")
	}
	ballots, lines, err := parseBallots(p, r, strings.Split(strings.TrimSuffix(string(columns), "\n"), "\n"))
	if err != nil {
		return nil, nil, err
	}
	all := make([][]row, len(p.Applicants))
	at, last := -1, ""
	for _, line := range lines {
		if id, ok := strings.CutPrefix(line, "applicant "); ok {
			if at++; at >= len(p.Applicants) || p.Applicants[at].ID != id {
				return nil, nil, fault.New(fault.Invalid, "计票栏的人员与会议包不符：%s", id)
			}
			last = ""
			continue
		}
		code, value, ok := strings.Cut(line, " ")
		if !ok || at < 0 || !isCode(code) || code <= last {
			return nil, nil, fault.New(fault.Invalid, "计票栏的行“%s”格式或顺序不正确", line)
		}
		all[at], last = append(all[at], row{code, value}), code
	}
	if at != len(p.Applicants)-1 {
		return nil, nil, fault.New(fault.Invalid, "计票栏缺少人员：应有%d人，现有%d人", len(p.Applicants), at+1)
	}
	return ballots, all, nil
}

func isCode(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 8 && hexOf(b) == s
}

// parseBallots reads the ballots before the columns of a named round.
func parseBallots(p *Package, r *Round, lines []string) ([]named, []string, error) {
	var all []named
	for len(lines) > 0 {
		rest, ok := strings.CutPrefix(lines[0], "ballot ")
		if !ok {
			break
		}
		f := strings.Split(rest, " ")
		if len(f) != 3 || r.Secrecy != NamedBallot {
			return nil, nil, fault.New(fault.Invalid, "计票栏的行“ballot”格式不正确，或本轮不是记名投票")
		}
		secret, cells := mustHex(f[1]), mustHex(f[2])
		if len(secret) != 32 || len(cells) != r.width()*len(p.Applicants) || hexOf(secret) != f[1] || hexOf(cells) != f[2] {
			return nil, nil, fault.New(fault.Invalid, "计票栏中专家“%s”的选票格式不正确", f[0])
		}
		all, lines = append(all, named{f[0], append(append([]byte{1}, secret...), cells...)}), lines[1:]
	}
	return all, lines, nil
}

// cellOf reads the value of a row back into the cell.
func (r *Round) cellOf(value string) ([]byte, bool) {
	if r.Kind == Vote {
		n, err := strconv.ParseUint(value, 10, 8)
		return []byte{byte(n)}, err == nil && strconv.FormatUint(n, 10) == value
	}
	items := strings.Split(value, ",")
	var cell []byte
	for _, item := range items {
		n, err := strconv.ParseUint(item, 10, 16)
		if err != nil || strconv.FormatUint(n, 10) != item {
			return nil, false
		}
		cell = binary.BigEndian.AppendUint16(cell, uint16(n))
	}
	return cell, len(items) == int(r.Items)
}

// checkNamed proves the ballots of a named round: each is the one its envelope committed to, and together they give the columns.
func checkNamed(p *Package, r *Round, valid []*Envelope, ballots []named, columns []byte) ([]Voted, error) {
	if r.Secrecy != NamedBallot {
		return nil, nil
	}
	again := make([][]row, len(p.Applicants))
	var voted []Voted
	if len(ballots) != len(valid) {
		return nil, fault.New(fault.Invalid, "记名投票的选票有%d份，应有%d份", len(ballots), len(valid))
	}
	for i, b := range ballots {
		if b.expert != valid[i].Expert || !valid[i].proves(p, r, b.plain) {
			return nil, fault.New(fault.Invalid, "专家“%s”的记名选票与其封套的承诺不符", b.expert)
		}
		r.addTo(again, p, b.plain)
		voted = append(voted, r.voted(p, b))
	}
	text, err := columnText(p, ballots, again)
	if err == nil && !bytes.Equal(text, columns) {
		err = fault.New(fault.Invalid, "记名选票与计票栏不符")
	}
	return voted, err
}

// voted counts what an expert decided.
func (r *Round) voted(p *Package, b named) Voted {
	v := Voted{Expert: b.expert}
	w := r.width()
	for i := range p.Applicants {
		switch r.kindOf(b.plain[33+i*w : 33+(i+1)*w]) {
		case Agree:
			v.Agree++
		case Oppose:
			v.Oppose++
		case Abstain:
			v.Abstain++
		default:
			v.Recused++
		}
	}
	return v
}

// kindOf tells what a cell is: of a score Agree is any score.
func (r *Round) kindOf(cell []byte) byte {
	if r.Kind == Vote {
		return cell[0]
	}
	kind := Agree
	for k := range int(r.Items) {
		switch binary.BigEndian.Uint16(cell[2*k:]) {
		case ScoreAbstain:
			kind = Abstain
		case ScoreRecused:
			return Recused
		}
	}
	return kind
}

// CountedRoot names the counted set: SHA-256 over the sorted lines "expert version envelope-id".
func CountedRoot(counted []*Envelope) []byte {
	var all []string
	for _, e := range counted {
		all = append(all, fmt.Sprintf("%s %d %s\n", e.Expert, e.Version, IDOf(e.Raw)))
	}
	slices.Sort(all)
	sum := sha256.Sum256([]byte(strings.Join(all, "")))
	return sum[:]
}
