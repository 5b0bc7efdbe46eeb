package print

import (
	"fmt"
	"math"
	"strings"

	"zhiping/shared/wrap"
)

// All lengths are millimetres from the upper left corner of the page, sizes of type are points.
const pt = 25.4 / 72

// A paper is a page with its margins.
type paper struct{ w, h, top, right, bottom, left float64 }

var (
	upright = paper{w: 210, h: 297, top: 26, right: 23, bottom: 24, left: 25}
	wide    = paper{w: 297, h: 210, top: 22, right: 20, bottom: 21, left: 20}
)

// width returns the width of the type area.
func (p paper) width() float64 { return p.w - p.left - p.right }

type ink [3]uint8

var (
	black = ink{17, 17, 17}
	grey  = ink{105, 105, 105}
	hair  = ink{150, 150, 150}
	pale  = ink{244, 245, 247}
	ghost = ink{238, 238, 238}
	red   = ink{158, 27, 30}
)

// A style is how text looks. leading is the distance of lines as a multiple of the size.
type style struct {
	size    float64
	weight  int
	ink     ink
	leading float64
}

func (s style) line() float64 { return s.size * pt * s.leading }

func (s style) bold() style { s.weight = bold; return s }

func (s style) in(c ink) style { s.ink = c; return s }

func (s style) of(size float64) style { s.size = size; return s }

var (
	plainText = style{size: 10.5, ink: black, leading: 1.6}
	cellText  = style{size: 9.5, ink: black, leading: 1.4}
	noteText  = style{size: 9, ink: grey, leading: 1.5}
	footText  = style{size: 8, ink: grey, leading: 1.3}
)

type align int

const (
	left align = iota
	center
	right
)

// A layout collects the marks of a document page by page. y is where the next block goes.
type layout struct {
	paper
	faces *faces
	meta  Meta
	title string // stands at the head of the second and later pages
	bare  bool   // no head and foot: the document has its own
	pages []*page
	y     float64
}

// A page is its marks in the order of drawing.
type page struct{ under, marks []mark }

func newLayout(f *faces, m Meta, d Document) *layout {
	m.ID = clean(m.ID)
	l := &layout{paper: d.page(), faces: f, meta: m, title: d.kind()}
	l.newPage()
	return l
}

func (l *layout) newPage() {
	l.pages = append(l.pages, &page{})
	l.y = l.top
}

func (l *layout) add(m ...mark) {
	p := l.pages[len(l.pages)-1]
	p.marks = append(p.marks, m...)
}

// room returns what is left of the page.
func (l *layout) room() float64 { return l.h - l.bottom - l.y }

// keep begins a new page unless h more millimetres fit on this one.
func (l *layout) keep(h float64) {
	if l.room() < h && l.y > l.top {
		l.newPage()
	}
}

func (l *layout) measure(st style) func(rune) float64 {
	f := l.faces[st.weight]
	return func(r rune) float64 { return f.width(r) * st.size * pt }
}

// widthOf returns the width of a text on one line.
func (l *layout) widthOf(s string, st style) float64 {
	w, of := 0.0, l.measure(st)
	for _, r := range s {
		w += of(r)
	}
	return w
}

// lines cleans a text and breaks it.
func (l *layout) lines(s string, width float64, st style) []string {
	var out []string
	for p := range strings.SplitSeq(clean(s), "\n") {
		out = append(out, wrap.Lines(p, width, l.measure(st))...)
	}
	return out
}

// put places one finished line in the box of width w whose upper edge is y, one line high.
func (l *layout) put(x, y, w float64, a align, s string, st style) {
	if a != left {
		s = strings.TrimRight(s, " ")
		gap := w - l.widthOf(s, st)
		if a == center {
			gap /= 2
		}
		x += gap
	}
	l.add(words{x: x, y: y + st.line()/2 + 0.38*st.size*pt, s: s, style: st})
}

// block places a text in the column at x, w wide, and returns its height.
func (l *layout) block(x, y, w float64, a align, s string, st style) float64 {
	lines := l.lines(s, w, st)
	for i, t := range lines {
		l.put(x, y+float64(i)*st.line(), w, a, t, st)
	}
	return float64(len(lines)) * st.line()
}

// heading sets the title of the document: balanced lines, centred, with a smaller line below it.
func (l *layout) heading(title, below string) {
	st := style{size: 20, weight: bold, ink: black, leading: 1.5}
	for _, s := range l.balance(title, l.width()*0.92, st) {
		l.put(l.left, l.y, l.width(), center, s, st)
		l.y += st.line()
	}
	if below != "" {
		l.y += 1
		l.y += l.block(l.left, l.y, l.width(), center, below, noteText.of(10))
	}
	l.y += 5
}

// balance breaks a title into lines of about the same length.
func (l *layout) balance(s string, w float64, st style) []string {
	lines := l.lines(s, w, st)
	n := len(lines)
	for try := l.widthOf(clean(s), st) / float64(n); n > 1 && try < w; try += st.size * pt / 2 {
		if b := l.lines(s, try, st); len(b) == n {
			return b
		}
	}
	return lines
}

// section sets a heading inside the document and keeps it with what follows.
func (l *layout) section(s string) {
	st := plainText.of(12).bold()
	l.keep(24)
	if l.y > l.top {
		l.y += 3.5
	}
	l.y += l.block(l.left, l.y, l.width(), left, s, st) + 1
}

// paragraph sets text justified, its first line indented by two characters, and breaks pages between lines.
func (l *layout) paragraph(s string, st style) {
	for p := range strings.SplitSeq(clean(s), "\n") {
		l.justified("　　"+p, st)
	}
}

// justified sets one paragraph; all lines but the last fill the width.
func (l *layout) justified(s string, st style) {
	lines := l.lines(s, l.width(), st)
	for i, t := range lines {
		if i == 0 && len(lines) > 2 {
			l.keep(2 * st.line())
		}
		l.keep(st.line())
		l.put(l.left, l.y, l.width(), left, t, st)
		if i < len(lines)-1 {
			l.spread(t, st)
		}
		l.y += st.line()
	}
}

// spread stretches the line put last to the width of the type area, unless that would tear it apart.
func (l *layout) spread(s string, st style) {
	s = strings.TrimRight(s, " ")
	n := len([]rune(s)) - 1
	gap := l.width() - l.widthOf(s, st)
	if n < 10 || gap > 2.2*st.size*pt {
		return
	}
	marks := l.pages[len(l.pages)-1].marks
	w := marks[len(marks)-1].(words)
	w.s, w.space = s, gap/float64(n)
	marks[len(marks)-1] = w
}

// rule draws a line across the type area.
func (l *layout) rule(y, width float64, c ink) {
	l.add(stroke{l.left, y, l.left + l.width(), y, width, c})
}

// signatures sets places for signatures, two in a row, and a date under them if the form asks for one.
func (l *layout) signatures(date bool, labels ...string) {
	st := plainText
	rows := (len(labels) + 1) / 2
	height := 8 + 12*float64(rows)
	if date {
		height += 12
	}
	l.keep(height)
	l.y += 8
	half := l.width() / 2
	for i, s := range labels {
		x, y := l.left+half*float64(i%2), l.y+12*float64(i/2)
		l.put(x, y, half, left, s+"：", st)
		from := x + l.widthOf(s+"：", st) + 1
		l.add(stroke{from, y + st.line() - 0.6, x + half - 8, y + st.line() - 0.6, 0.2, hair})
	}
	l.y += 12 * float64(rows)
	if date {
		l.put(l.left, l.y, l.width()-8, right, "　　　　年　　　月　　　日", st)
		l.y += 12
	}
}

// finish draws head, foot and the demo mark on every page, now that their number is known.
func (l *layout) finish() {
	for i, p := range l.pages {
		rest := l.pages
		l.pages = rest[:i+1]
		if l.meta.Demo {
			l.demo(p)
		}
		if !l.bare {
			l.frame(i+1, len(rest))
		}
		l.pages = rest
	}
}

// frame draws the head and the foot of page n.
func (l *layout) frame(n, of int) {
	if n > 1 {
		y := l.top - 9
		l.put(l.left, y-footText.line(), l.width(), left, l.title, footText)
		l.rule(y+0.8, 0.15, hair)
	}
	y := l.h - l.bottom + 8
	l.rule(y-1.2, 0.15, hair)
	l.put(l.left, y, l.width(), right, fmt.Sprintf("第 %d 页　共 %d 页", n, of), footText)
	if l.meta.ID != "" {
		id := "文件编号：" + strings.ReplaceAll(l.meta.ID, "\n", " ")
		l.put(l.left, y, l.width(), left, l.lines(id, l.width()-40, footText)[0], footText)
	}
}

const demoText = "演示数据 · 虚构"

// demo marks a page as fictional: large and pale under the contents, small and clear in the corner.
func (l *layout) demo(p *page) {
	st := style{size: 46, weight: bold, ink: ghost, leading: 1}
	w := l.widthOf(demoText, st)
	for _, at := range []float64{0.32, 0.72} {
		sin, cos := math.Sincos(math.Pi / 6)
		p.under = append(p.under, words{x: l.w/2 - w/2*cos, y: l.h*at + w/2*sin, s: demoText, style: st, angle: 30})
	}
	st = style{size: 8, weight: bold, ink: red, leading: 1.3}
	w = l.widthOf(demoText, st) + 4
	x, y := l.w-l.right-w, 9.0
	l.add(box{x, y, w, 5.4, 0.25, red, false})
	l.put(x, y+(5.4-st.line())/2, w, center, demoText, st)
}
