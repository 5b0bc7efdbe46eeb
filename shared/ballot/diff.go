package ballot

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Difference is how two evidence files differ: what a person asks who holds one of the close and one of the hand-over, or one of the hub and one of the
// centre (voting.md, "verify-diff").
type Difference struct {
	Same    bool     // every byte
	Extends bool     // the second goes on from the first: nothing that stood there is gone or other
	Found   []string // in Chinese, the first difference first
}

// Diff compares two evidence files. It proves neither.
func Diff(before, after []byte) (*Difference, error) {
	if bytes.Equal(before, after) {
		return &Difference{Same: true, Extends: true}, nil
	}
	a, err := ParseEvidence(before)
	if err != nil {
		return nil, fmt.Errorf("旧文件：%w", err)
	}
	b, err := ParseEvidence(after)
	if err != nil {
		return nil, fmt.Errorf("新文件：%w", err)
	}
	d := &Difference{Extends: true}
	d.log(a.Log, b.Log)
	if len(a.Log) == len(b.Log) && d.Extends && !bytes.Equal(a.Checkpoint, b.Checkpoint) {
		d.other("会议记录相同，但主机签名的检查点不同")
	}
	d.columns(a, b)
	if a.Server != b.Server {
		d.other("所带的服务器公钥不同：旧文件“%s”，新文件“%s”", a.Server, b.Server)
	}
	d.files("首轮会议记录", a.Firsts, b.Firsts)
	d.files("原主机记录", a.Earlier, b.Earlier)
	d.list("电脑保存的检查点", a.Checkpoints, b.Checkpoints)
	d.list("迟到的记录", a.Late, b.Late)
	if len(d.Found) == 0 {
		d.Found = []string{"内容相同，只是文件的写法或各部分的次序不同"}
	}
	return d, nil
}

// other notes something that is no continuation.
func (d *Difference) other(format string, args ...any) {
	d.Extends = false
	d.Found = append(d.Found, fmt.Sprintf(format, args...))
}

func (d *Difference) more(format string, args ...any) {
	d.Found = append(d.Found, fmt.Sprintf(format, args...))
}

// log finds where two logs part.
func (d *Difference) log(a, b [][]byte) {
	n := 0
	for n < len(a) && n < len(b) && bytes.Equal(a[n], b[n]) {
		n++
	}
	switch {
	case n == len(a) && n == len(b):
	case n == 0:
		d.other("会议包不同，不是同一场会议的记录：%s", lineOf(a[0], b[0]))
	case n == len(a):
		d.more("前%d条会议记录相同，新文件在其后多%d条：%s", n, len(b)-n, kindsOf(b[n:]))
	case n == len(b):
		d.other("前%d条会议记录相同，新文件缺少其后的%d条：%s", n, len(a)-n, kindsOf(a[n:]))
	case n+1 < len(a) && n+1 < len(b) && bytes.Equal(a[n], b[n+1]) && bytes.Equal(a[n+1], b[n]):
		d.other("前%d条会议记录相同，第%d条“%s”与第%d条“%s”在新文件中对调", n, n, wordOf(a[n]), n+1, wordOf(a[n+1]))
	case n+1 < len(a) && bytes.Equal(a[n+1], b[n]):
		d.other("前%d条会议记录相同，新文件缺少第%d条“%s”（%.16s…）", n, n, wordOf(a[n]), IDOf(a[n]))
	case n+1 < len(b) && bytes.Equal(a[n], b[n+1]):
		d.other("前%d条会议记录相同，新文件在第%d条处多出“%s”（%.16s…）", n, n, wordOf(b[n]), IDOf(b[n]))
	default:
		d.other("前%d条会议记录相同，第%d条不同：%s", n, n, lineOf(a[n], b[n]))
	}
}

// columns compares the columns of rounds.
func (d *Difference) columns(a, b *Evidence) {
	ids := slices.Sorted(maps.Keys(a.Columns))
	for id := range b.Columns {
		if a.Columns[id] == nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		x, y := a.Columns[id], b.Columns[id]
		switch {
		case x == nil:
			d.more("新文件多轮次%s的计票栏", id)
		case y == nil:
			d.other("新文件缺少轮次%s的计票栏", id)
		case !bytes.Equal(x, y):
			d.other("轮次%s的计票栏%s", id, columnLine(x, y))
		}
	}
}

// columnLine names the first line in which columns differ, with the person whose column it is.
func columnLine(x, y []byte) string {
	a, b := strings.Split(string(x), "\n"), strings.Split(string(y), "\n")
	person := ""
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) {
			return fmt.Sprintf("行数不同：旧文件%d行，新文件%d行", len(a)-1, len(b)-1)
		}
		if id, ok := strings.CutPrefix(a[i], "applicant "); ok && a[i] == b[i] {
			person = "（参评人员" + id + "）"
		}
		if a[i] != b[i] {
			return fmt.Sprintf("第%d行%s不同：旧文件“%s”，新文件“%s”", i+1, person, a[i], b[i])
		}
	}
	return "相同"
}

// files compares evidence in evidence.
func (d *Difference) files(what string, a, b [][]byte) {
	for i := range min(len(a), len(b)) {
		inner, err := Diff(a[i], b[i])
		switch {
		case err != nil:
			d.other("第%d份%s：%v", i+1, what, err)
		case !inner.Same:
			d.Extends = d.Extends && inner.Extends
			d.more("第%d份%s：%s", i+1, what, inner.Found[0])
		}
	}
	d.number(what, len(a), len(b))
}

func (d *Difference) list(what string, a, b [][]byte) {
	for i := range min(len(a), len(b)) {
		if !bytes.Equal(a[i], b[i]) {
			d.more("第%d份%s不同", i+1, what)
			break
		}
	}
	d.number(what, len(a), len(b))
}

func (d *Difference) number(what string, a, b int) {
	if a < b {
		d.more("新文件多%d份%s", b-a, what)
	}
	if a > b {
		d.other("新文件缺少%d份%s", a-b, what)
	}
}

// kindWords name the objects to people.
var kindWords = map[string]string{
	"zp-package": "会议包", "zp-checkin": "签到", "zp-revoke": "作废签到凭证", "zp-attend": "出席登记", "zp-opinion": "评审意见", "zp-open": "开启表决", "zp-envelope": "选票",
	"zp-reject": "拒收选票", "zp-retreq": "退回申请", "zp-return": "退回选票", "zp-device": "电脑声明", "zp-quarantine": "隔离不明数据", "zp-close": "关闭表决",
	"zp-opening": "保管人授权开票", "zp-tally": "计票结果", "zp-attest": "专家核对", "zp-signoff": "签字", "zp-void": "作废轮次", "zp-epoch": "更换主机", "zp-derive": "确定第二轮人员",
	"zp-archive": "中心归档", "zp-release": "解除控制", "zp-wipe": "清除本机数据",
}

// wordOf names an object of the log to people: "选票", "关闭表决".
func wordOf(object []byte) string {
	kind, _, _ := strings.Cut(typeOf(object), "/")
	if _, err := ParseEnvelope(object); err == nil {
		kind = "zp-envelope"
	}
	if w := kindWords[kind]; w != "" {
		return w
	}
	return "不明记录"
}

// kindsOf counts objects by what they are, in the order in which they first come.
func kindsOf(objects [][]byte) string {
	var order []string
	n := map[string]int{}
	for _, o := range objects {
		w := wordOf(o)
		if n[w]++; n[w] == 1 {
			order = append(order, w)
		}
	}
	for i, w := range order {
		order[i] = fmt.Sprintf("%s%d条", w, n[w])
	}
	return strings.Join(order, "、")
}

// lineOf names the first line in which two objects differ.
func lineOf(a, b []byte) string {
	x, y := wordOf(a), wordOf(b)
	if x != y {
		return fmt.Sprintf("旧文件是“%s”，新文件是“%s”", x, y)
	}
	s, t := textLines(a), textLines(b)
	for i := range max(len(s), len(t)) {
		if i >= len(s) || i >= len(t) {
			return fmt.Sprintf("“%s”的行数不同", x)
		}
		if s[i] != t[i] {
			key, was, _ := strings.Cut(s[i], " ")
			_, is, _ := strings.Cut(t[i], " ")
			return fmt.Sprintf("“%s”的“%s”行，旧文件“%s”，新文件“%s”", x, key, shortened(was), shortened(is))
		}
	}
	return fmt.Sprintf("“%s”的文字相同，签名或密封内容不同", x)
}

func textLines(object []byte) []string {
	if e, err := ParseEnvelope(object); err == nil {
		object = e.Note
	}
	text, _, err := split(object)
	if err != nil {
		return nil
	}
	return strings.Split(text, "\n")
}

// shortened is the beginning of a value.
func shortened(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
