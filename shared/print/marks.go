package print

import "github.com/jung-kurt/gofpdf"

// A mark is one thing drawn on a page.
type mark interface{ draw(p *pen) }

// words are one line of text: x and y are the start of its base line, space is added after each character (mm), angle is in degrees.
type words struct {
	x, y float64
	s    string
	style
	space, angle float64
}

// A stroke is a straight line.
type stroke struct {
	x1, y1, x2, y2, width float64
	ink                   ink
}

// A box is a rectangle, filled or drawn with a line of the given width.
type box struct {
	x, y, w, h, width float64
	ink               ink
	fill              bool
}

// A curve is a chain of cubic Bézier curves: the start, then three points for each piece.
type curve struct {
	points [][2]float64
	width  float64
	ink    ink
}

// A circle is drawn as a line of dashes; the place of a seal.
type circle struct {
	x, y, r, width float64
	ink            ink
}

// A pen draws marks with gofpdf and repeats no setting that holds already.
type pen struct {
	*gofpdf.Fpdf
	faces            *faces
	font             style
	text, line, fill ink
	width            float64
	fresh            bool // nothing is set yet on this page
}

func (p *pen) turn() {
	p.AddPage()
	p.fresh = true
}

// set makes the settings for the next mark: a line of a width, a fill, or a font.
func (p *pen) set(line, fill ink, width float64) {
	if p.fresh || p.line != line {
		p.SetDrawColor(int(line[0]), int(line[1]), int(line[2]))
	}
	if p.fresh || p.fill != fill {
		p.SetFillColor(int(fill[0]), int(fill[1]), int(fill[2]))
	}
	if p.fresh || p.width != width {
		p.SetLineWidth(width)
	}
	if p.fresh {
		p.font = style{}
	}
	p.line, p.fill, p.width, p.fresh = line, fill, width, false
}

func (m words) draw(p *pen) {
	p.set(p.line, p.fill, p.width)
	if p.font.size != m.size || p.font.weight != m.weight {
		p.SetFont(family, [2]string{"", "B"}[m.weight], m.size)
	}
	p.font = m.style
	if p.text != m.ink {
		p.SetTextColor(int(m.ink[0]), int(m.ink[1]), int(m.ink[2]))
		p.text = m.ink
	}
	f := p.faces[m.weight]
	codes := make([]rune, 0, len(m.s))
	for _, r := range m.s {
		codes = append(codes, f.code(r))
	}
	switch {
	case m.angle != 0:
		p.TransformBegin()
		p.TransformRotate(m.angle, m.x, m.y)
		p.Text(m.x, m.y, string(codes))
		p.TransformEnd()
	case m.space != 0:
		p.RawWriteStr(number(m.space/pt) + " Tc")
		p.Text(m.x, m.y, string(codes))
		p.RawWriteStr("0 Tc")
	default:
		p.Text(m.x, m.y, string(codes))
	}
}

func (m stroke) draw(p *pen) {
	p.set(m.ink, p.fill, m.width)
	p.Line(m.x1, m.y1, m.x2, m.y2)
}

func (m box) draw(p *pen) {
	if m.fill {
		p.set(p.line, m.ink, p.width)
		p.Rect(m.x, m.y, m.w, m.h, "F")
		return
	}
	p.set(m.ink, p.fill, m.width)
	p.Rect(m.x, m.y, m.w, m.h, "D")
}

func (m curve) draw(p *pen) {
	p.set(m.ink, p.fill, m.width)
	p.MoveTo(m.points[0][0], m.points[0][1])
	for i := 1; i+2 < len(m.points); i += 3 {
		a, b, c := m.points[i], m.points[i+1], m.points[i+2]
		p.CurveBezierCubicTo(a[0], a[1], b[0], b[1], c[0], c[1])
	}
	p.DrawPath("D")
}

func (m circle) draw(p *pen) {
	p.set(m.ink, p.fill, m.width)
	p.SetDashPattern([]float64{1, 1}, 0)
	p.Circle(m.x, m.y, m.r, "D")
	p.SetDashPattern(nil, 0)
}
