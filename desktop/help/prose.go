package help

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/shared/wrap"
)

// prose is one paragraph with bold parts, broken as Chinese is: no line begins with a closing mark, and words of letters stay whole. Fyne's own
// breaking knows spaces only.
type prose struct {
	widget.RichText
	text  string
	bold  []bool  // by rune of the text
	width float32 // that it is broken for
}

// newProse reads a paragraph; **…** is bold, \* is a star.
func newProse(markdown string) *prose {
	p := &prose{}
	p.Scroll = fyne.ScrollNone
	var text strings.Builder
	on := false
	for rs := []rune(markdown); len(rs) > 0; rs = rs[1:] {
		switch {
		case rs[0] == '\\' && len(rs) > 1:
			rs = rs[1:]
		case rs[0] == '*' && len(rs) > 1 && rs[1] == '*':
			on, rs = !on, rs[1:]
			continue
		}
		text.WriteRune(rs[0])
		p.bold = append(p.bold, on)
	}
	p.text = text.String()
	p.ExtendBaseWidget(p)
	return p
}

// Resize implements fyne.CanvasObject: another width is another place to break.
func (p *prose) Resize(size fyne.Size) {
	if size.Width != p.width {
		p.width = size.Width
		p.Segments = p.segments(size.Width - 2*theme.InnerPadding())
		p.Refresh()
	}
	p.RichText.Resize(size)
}

// MinSize implements fyne.CanvasObject: as high as its lines are, and as narrow as it gets.
func (p *prose) MinSize() fyne.Size { return fyne.NewSize(60, p.RichText.MinSize().Height) }

// segments are the lines of the paragraph, each cut where bold begins or ends.
func (p *prose) segments(width float32) (all []widget.RichTextSegment) {
	size, at := theme.TextSize(), 0
	wide := func(r rune) float64 {
		return float64(fyne.MeasureText(string(r), size, fyne.TextStyle{Bold: true}).Width) // bold is never the narrower one
	}
	lines := wrap.Lines(p.text, float64(width), wide)
	for i, line := range lines {
		rs := []rune(line)
		for from := 0; from < len(rs); {
			to := from + 1
			for to < len(rs) && p.bold[at+to] == p.bold[at+from] {
				to++
			}
			style := widget.RichTextStyleInline
			style.TextStyle.Bold = p.bold[at+from]
			style.Inline = to < len(rs) || i == len(lines)-1 // the last part of a line ends it
			all = append(all, &widget.TextSegment{Style: style, Text: string(rs[from:to])})
			from = to
		}
		at += len(rs)
	}
	return all
}
