package holder

import (
	"crypto/sha256"
	b32 "encoding/base32"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"zhiping/shared/fault"
)

// base32 is Crockford's: no I, L, O, U that could be taken for other characters.
var base32 = b32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(b32.NoPadding)

const (
	kindKey    = 'K'
	kindPublic = 'P'

	keyLine    = 30  // bytes in a line that may have to be typed
	publicLine = 110 // bytes in a line that is only scanned
)

// mark is four characters of the SHA-256 of a text.
func mark(b []byte) string {
	sum := sha256.Sum256(b)
	return base32.EncodeToString(sum[:3])[:4]
}

// split makes the lines of some bytes.
func split(kind byte, b []byte, size int) []string {
	set := mark(append([]byte{kind}, b...))
	of := (len(b) + size - 1) / size
	var lines []string
	for i := range of {
		line := fmt.Sprintf("%c%s%02d%02d%s", kind, set, i+1, of, base32.EncodeToString(b[i*size:min(len(b), (i+1)*size)]))
		lines = append(lines, spaced(line+mark([]byte(line))))
	}
	return lines
}

// spaced sets a line in groups that the eye can follow: set, number, then four by four; the check stands alone at the end.
func spaced(line string) string {
	data, check := line[9:len(line)-4], line[len(line)-4:]
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s-%s", line[:5], line[5:7], line[7:9])
	for group := range slices.Chunk([]byte(data), 4) {
		b.WriteString(" " + string(group))
	}
	return b.String() + " " + check
}

// squeeze leaves of a typed line what counts: capitals and digits. Full-width characters come from an input method that was left on.
func squeeze(line string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			r -= '！' - '!'
		}
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		switch {
		case r == 'O':
			return '0'
		case r == 'I' || r == 'L':
			return '1'
		case r >= '0' && r <= '9' || r >= 'A' && r <= 'Z':
			return r
		case r == ' ' || r == '-' || r == '\t' || r == '　' || r == '－' || r == '—' || r == '\u00a0' || r == '\ufeff':
			return -1
		}
		return '?' // is in no line, so the check fails
	}, line)
}

// A piece is a line that was read.
type piece struct {
	kind, set  string
	number, of int
	data       []byte
}

// readLine takes a line apart; ok says that its check is right. Of a damaged one number is what it says it is, if that can be read.
func readLine(line string) (p piece, ok bool) {
	if len(line) < 9 {
		return p, false
	}
	p.kind, p.set = line[:1], line[1:5]
	p.number, _ = strconv.Atoi(line[5:7])
	p.of, _ = strconv.Atoi(line[7:9])
	if len(line) < 15 || mark([]byte(line[:len(line)-4])) != line[len(line)-4:] {
		return p, false
	}
	data, err := base32.DecodeString(line[9 : len(line)-4])
	p.data = data
	return p, err == nil && p.number >= 1 && p.number <= p.of
}

// joined are the lines of a text in no order.
type joined struct {
	set       string
	of        int
	data      map[int][]byte
	bad       []fault.Problem // lines that are damaged
	badNumber []int           // what they say they are, 0 if that cannot be read
}

// join puts lines together that were typed or scanned, in any order; lines may be there twice. What is wrong is said of each line, by the number that
// is printed on it; a damaged line that is there undamaged too is none.
func join(kind byte, text string) ([]byte, error) {
	j := joined{data: map[int][]byte{}}
	place := 0
	for raw := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' || r == '/' }) {
		if strings.TrimSpace(raw) == "" {
			continue
		}
		place++
		p, ok := readLine(squeeze(raw))
		switch {
		case !ok:
			j.damaged(place, p)
		case p.kind == string(kindKey) && kind == kindPublic:
			return nil, fault.New(fault.Invalid, "这是密钥的纸质备份，不是公钥。备份不能交给别人，请粘贴公钥")
		case p.kind != string(kind):
			return nil, fault.New(fault.Invalid, "这是公钥的二维码，不是密钥的纸质备份，请扫描密封信封里的备份")
		case j.set != "" && (p.set != j.set || p.of != j.of):
			return nil, fault.New(fault.Invalid, "第%d行属于另一份备份（标识%s，前面各行是%s），请只录入同一张纸上的内容", place, string(kind)+p.set, string(kind)+j.set)
		default:
			j.set, j.of, j.data[p.number] = p.set, p.of, p.data
		}
	}
	return j.whole(kind, place)
}

func (j *joined) damaged(place int, p piece) {
	text := fmt.Sprintf("录入的第%d行有误，请对照纸面逐字核对", place)
	if p.number > 0 {
		text = fmt.Sprintf("录入的第%d行（编号%02d）有误，请对照纸面逐字核对", place, p.number)
	}
	j.bad, j.badNumber = append(j.bad, fault.Problem{Text: text}), append(j.badNumber, p.number)
}

// whole is the bytes of all lines, or what is wrong.
func (j *joined) whole(kind byte, lines int) ([]byte, error) {
	if lines == 0 {
		return nil, fault.New(fault.Invalid, "请扫描纸质备份上的二维码，或逐行录入下面的字符")
	}
	var b []byte
	var missing []string
	for n := 1; n <= j.of; n++ {
		b = append(b, j.data[n]...)
		if j.data[n] == nil && !slices.Contains(j.badNumber, n) {
			missing = append(missing, fmt.Sprintf("%02d", n))
		}
	}
	if j.of > 0 && len(j.data) == j.of {
		if mark(append([]byte{kind}, b...)) != j.set {
			return nil, fault.New(fault.Invalid, "各行合起来核对不一致，请确认所有的行都来自同一张纸")
		}
		return b, nil
	}
	var problems []fault.Problem
	for i, p := range j.bad {
		if j.data[j.badNumber[i]] == nil || len(missing) > 0 { // else it is there undamaged too
			problems = append(problems, p)
		}
	}
	if len(missing) > 0 {
		problems = append(problems, fault.Problem{Text: "还缺编号" + strings.Join(missing, "、") + "的行"})
	}
	return nil, fault.Several(problems)
}

// gather puts lines together into texts of at most size characters, for one QR code each, as even as may be.
func gather(lines []string, size int) []string {
	tight := make([]string, len(lines))
	longest := 0
	for i, l := range lines {
		tight[i] = strings.NewReplacer(" ", "", "-", "").Replace(l)
		longest = max(longest, len(tight[i])+len("/"))
	}
	most := size / longest
	codes := (len(lines) + most - 1) / most
	each := (len(lines) + codes - 1) / codes
	var texts []string
	for some := range slices.Chunk(tight, each) {
		texts = append(texts, strings.Join(some, "/")+"/") // a scanner may put the next code right behind
	}
	return texts
}
