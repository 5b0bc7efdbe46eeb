package print

import (
	"fmt"
	"math"
	"strings"
	"sync"

	"zhiping/shared/fault"
)

// A Certificate 职称证书 (features.md, H1-H3). All texts are as they shall stand on the page; the certificate goes to the person, so
// the ID number is not masked.
type Certificate struct {
	Name       string `label:"姓名"`
	Sex        string `label:"性别"`
	Birth      string `label:"出生年月"` // as in 1985年3月
	IDNumber   string `label:"证件号码"`
	Unit       string `label:"工作单位"`
	Series     string `label:"系列"`
	Title      string `label:"职称名称"`
	Level      string `label:"级别"`
	Specialty  string `label:"专业"`
	Method     string `label:"取得方式"` // 评审, 初定 or 确认
	ReviewBody string `label:"评审机构"`
	ApprovedOn string `label:"批准时间"` // as in 2026年6月30日
	Document   string `label:"职称文件文号"`
	Issuer     string `label:"发证单位"`
	Number     string `label:"证书编号"`
	QR         string `label:"二维码内容"` // the signed text that the public page checks; "" leaves the code out
}

func (*Certificate) kind() string { return "职称证书" }
func (*Certificate) page() paper  { return upright }

var (
	gold     = ink{158, 124, 62}
	goldPale = ink{214, 196, 156}
)

// lay implements Document. A certificate is one page: type is made smaller step by step until everything fits.
func (c *Certificate) lay(l *layout) error {
	l.bare = true
	l.add(border()...)
	c.head(l)
	values := c.values()
	for size := 12.5; ; size -= 0.5 {
		if size < 8 {
			return fault.New(fault.Invalid, "证书内容过长，一页放不下，请精简工作单位、评审机构等名称").At("unit")
		}
		if rows := c.rows(l, values, size); height(rows) <= certBottom-certTop {
			c.body(l, rows)
			break
		}
	}
	return c.foot(l)
}

// The rows of the certificate stand between certTop and certBottom.
const (
	certTop    = 100.0
	certBottom = 212.0
	certLeft   = 36.0
	certWidth  = 138.0
	certLabel  = 27.0
)

func (c *Certificate) head(l *layout) {
	st := style{size: 40, weight: bold, ink: red, leading: 1.2}
	const gap = 9.0
	w := 4*st.size*pt + 3*gap
	for i, r := range []rune("职称证书") {
		l.put(l.w/2-w/2+float64(i)*(st.size*pt+gap), 42, 0, left, string(r), st)
	}
	y := 64.5
	for _, dx := range []float64{-1, 1} {
		l.add(stroke{l.w/2 + dx*4, y, l.w/2 + dx*44, y, 0.35, gold}, stroke{l.w/2 + dx*4, y + 1, l.w/2 + dx*36, y + 1, 0.15, gold})
	}
	l.add(diamond(l.w/2, y+0.5, 1.8))
	l.put(0, 69.5, l.w, center, "证书编号："+oneLine(c.Number), style{size: 11, ink: grey, leading: 1.5})
	st = style{size: 13.5, ink: black, leading: 1.8}
	l.put(certLeft, 84, certWidth, left, "　　兹证明持证人具备下列职称，特发此证。", st)
}

// values returns the pairs of the certificate, row by row. A row of two stays only if both fit.
func (c *Certificate) values() [][]pair {
	return [][]pair{
		{{"姓名", c.Name}, {"性别", c.Sex}},
		{{"出生年月", c.Birth}, {"取得方式", c.Method}},
		{{"证件号码", c.IDNumber}},
		{{"工作单位", c.Unit}},
		{{"系列", c.Series}, {"级别", c.Level}},
		{{"职称名称", c.Title}},
		{{"专业", c.Specialty}},
		{{"评审机构", c.ReviewBody}},
		{{"批准时间", c.ApprovedOn}},
		{{"批准文号", c.Document}},
	}
}

// A certRow is a row of the certificate: pairs side by side and their broken values.
type certRow struct {
	pairs  []pair
	lines  [][]string
	style  style
	height float64
}

func height(rows []certRow) float64 {
	sum := 0.0
	for _, r := range rows {
		sum += r.height
	}
	return sum
}

// rows breaks the values at a size of type.
func (c *Certificate) rows(l *layout, values [][]pair, size float64) []certRow {
	st := style{size: size, ink: black, leading: 1.45}
	var rows []certRow
	for _, pairs := range values {
		for _, ps := range c.fold(l, pairs, st) {
			r := certRow{pairs: ps, style: st}
			most := 1
			for _, p := range ps {
				lines := l.lines(oneLine(p.value), certWidth/float64(len(ps))-certLabel-4, st.bold())
				r.lines = append(r.lines, lines)
				most = max(most, len(lines))
			}
			r.height = float64(most-1)*st.line() + st.line() + 4.2*size/12.5
			rows = append(rows, r)
		}
	}
	return rows
}

// fold gives each pair its own row if one of them is too long for half a row.
func (c *Certificate) fold(l *layout, pairs []pair, st style) [][]pair {
	for _, p := range pairs {
		if len(pairs) > 1 && l.widthOf(oneLine(clean(p.value)), st.bold()) > certWidth/2-certLabel-4 {
			return [][]pair{pairs[:1], pairs[1:]}
		}
	}
	return [][]pair{pairs}
}

// body sets the rows: labels spread over four characters, values on a hairline.
func (c *Certificate) body(l *layout, rows []certRow) {
	y := certTop + (certBottom-certTop-height(rows))/2
	for _, r := range rows {
		each := certWidth / float64(len(r.pairs))
		for i, p := range r.pairs {
			x := certLeft + each*float64(i)
			l.label(x, y, p.label, r.style.in(grey))
			for k, s := range r.lines[i] {
				l.put(x+certLabel, y+float64(k)*r.style.line(), each-certLabel-4, left, s, r.style.bold())
			}
			under := y + float64(len(r.lines[i]))*r.style.line() + 0.4
			l.add(stroke{x + certLabel - 1, under, x + each - 3, under, 0.15, goldPale})
		}
		y += r.height
	}
}

// label sets a label spread over the width of four characters, as Chinese forms do.
func (l *layout) label(x, y float64, s string, st style) {
	rs := []rune(s)
	step := 0.0
	if n := len(rs); n > 1 && n < 4 {
		step = float64(4-n) / float64(n-1)
	}
	for i, r := range rs {
		l.put(x+float64(i)*(1+step)*st.size*pt, y, 0, left, string(r), st)
	}
}

// foot sets the code at the left, the issuing unit with the place of its seal at the right.
func (c *Certificate) foot(l *layout) error {
	const side = 34.0
	x, y := certLeft-1.5, 219.0
	if c.QR != "" {
		if err := l.qr(x, y, side, c.QR, "qr"); err != nil {
			return err
		}
		st := style{size: 8.5, ink: grey, leading: 1.4}
		l.put(x, y+side+0.5, side, center, "扫描二维码核验证书", st)
	}
	const mid, radius = 140.0, 19.0
	l.add(circle{mid, 240, radius, 0.2, goldPale})
	l.put(mid-radius, 222.5, 2*radius, center, "（发证单位印章）", style{size: 8, ink: hair, leading: 1.3})
	st := style{size: 12.5, ink: black, leading: 1.45}
	lines := l.lines("发证单位："+oneLine(c.Issuer), 82, st)
	for len(lines) > 3 && st.size > 7 {
		st.size -= 0.5
		lines = l.lines("发证单位："+oneLine(c.Issuer), 82, st)
	}
	if len(lines) > 4 {
		return fault.New(fault.Invalid, "发证单位名称过长，证书上放不下").At("issuer")
	}
	y = 240 - float64(len(lines))*st.line()
	for i, s := range lines {
		l.put(mid-42, y+float64(i)*st.line()+2, 84, center, s, st)
	}
	l.put(mid-42, 246, 84, center, oneLine(clean(c.ApprovedOn)), st)
	return nil
}

// oneLine puts a text on one line.
func oneLine(s string) string { return strings.ReplaceAll(clean(s), "\n", " ") }

// diamond returns a small ornament.
func diamond(x, y, r float64) mark {
	return polygon(gold, 0.3, [2]float64{x, y - r}, [2]float64{x + r, y}, [2]float64{x, y + r}, [2]float64{x - r, y}, [2]float64{x, y - r})
}

// polygon returns straight lines through the points.
func polygon(c ink, width float64, ps ...[2]float64) mark {
	chain := [][2]float64{ps[0]}
	for i := 1; i < len(ps); i++ {
		chain = append(chain, ps[i-1], ps[i], ps[i])
	}
	return curve{chain, width, c}
}

// border is the frame of the certificate: two lines with a band of interlaced waves, and corners. It is the same on every one.
var border = sync.OnceValue(func() []mark {
	const outer, inner = 11.0, 19.0
	w, h := upright.w, upright.h
	marks := []mark{
		box{outer, outer, w - 2*outer, h - 2*outer, 0.9, gold, false},
		box{outer + 1.4, outer + 1.4, w - 2*outer - 2.8, h - 2*outer - 2.8, 0.2, gold, false},
		box{inner, inner, w - 2*inner, h - 2*inner, 0.35, gold, false},
	}
	mid := (outer + 1.4 + inner) / 2
	for _, phase := range []float64{0, 1} {
		marks = append(marks,
			wave(inner+2, mid, w-2*inner-4, phase, false), wave(inner+2, h-mid, w-2*inner-4, phase, false),
			wave(mid, inner+2, h-2*inner-4, phase, true), wave(w-mid, inner+2, h-2*inner-4, phase, true))
	}
	for _, x := range []float64{mid, w - mid} {
		for _, y := range []float64{mid, h - mid} {
			marks = append(marks, diamond(x, y, 2.6), diamond(x, y, 1.2))
		}
	}
	return append(marks, corners(inner+3, w, h)...)
})

// wave returns a sine-like line of about 5 mm per half wave from x, y to the right, or downwards.
func wave(x, y, length, phase float64, down bool) mark {
	const amplitude = 2.3
	n := int(math.Round(length/10)) * 2
	step := length / float64(n)
	up := amplitude * 4 / 3 * (1 - 2*phase)
	points := [][2]float64{{x, y}}
	for i := range n {
		a := float64(i) * step
		for _, p := range [][2]float64{{a + step*0.3642, up}, {a + step*0.6358, up}, {a + step, 0}} {
			if down {
				p[0], p[1] = p[1], p[0]
			}
			points = append(points, [2]float64{x + p[0], y + p[1]})
		}
		up = -up
	}
	return curve{points, 0.25, goldPale}
}

// corners returns an angular ornament inside each corner of the frame.
func corners(in, w, h float64) []mark {
	var marks []mark
	for _, sx := range []float64{1, -1} {
		for _, sy := range []float64{1, -1} {
			at := func(x, y float64) [2]float64 {
				x, y = in+x, in+y
				if sx < 0 {
					x = w - x
				}
				if sy < 0 {
					y = h - y
				}
				return [2]float64{x, y}
			}
			marks = append(marks, polygon(gold, 0.35, at(16, 0), at(0, 0), at(0, 16)),
				polygon(gold, 0.25, at(10, 2), at(2, 2), at(2, 10)),
				polygon(gold, 0.25, at(6, 2), at(6, 6), at(2, 6)))
		}
	}
	return marks
}

var _ = fmt.Sprint
