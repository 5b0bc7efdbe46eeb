package print

// Space between a cell's border and its text.
const (
	padX = 1.7
	padY = 1.5
)

// A column of a table. share is its part of the table's width.
type column struct {
	head  string
	share float64
	align align
}

// A cell is a box of a row. It is filled pale when it is a head or a label.
type cell struct {
	x, w  float64
	text  string
	align align
	style style
	pale  bool
}

// A piece is a cell with its text broken into lines.
type piece struct {
	cell
	lines []string
}

// table sets n rows under a head that is repeated on every page. at returns the text of a cell; least is the least height of a row.
func (l *layout) table(cols []column, n int, least float64, at func(i, j int) string) {
	head := l.spans(cols, func(j int) cell {
		return cell{text: cols[j].head, align: center, style: cellText.bold(), pale: true}
	})
	l.keep(l.height(l.pieces(head), 0) + max(least, 9))
	l.row(head, 0, nil)
	again := func() { l.row(head, 0, nil) }
	for i := range n {
		l.row(l.spans(cols, func(j int) cell {
			return cell{text: at(i, j), align: cols[j].align, style: cellText}
		}), least, again)
	}
	if n == 0 {
		l.row([]cell{{x: l.left, w: l.width(), text: "（无）", align: center, style: cellText.in(grey)}}, least, again)
	}
}

// spans lays the columns side by side over the type area.
func (l *layout) spans(cols []column, make func(j int) cell) []cell {
	sum, x := 0.0, l.left
	for _, c := range cols {
		sum += c.share
	}
	cells := []cell{}
	for j, c := range cols {
		k := make(j)
		k.x, k.w = x, l.width()*c.share/sum
		x += k.w
		cells = append(cells, k)
	}
	return cells
}

// A pair is a label and its value in a form.
type pair struct{ label, value string }

// grid sets pairs of label and value, per pairs in a row; a pair with a long value takes a row of its own.
func (l *layout) grid(per int, pairs ...pair) {
	const label = 27.0
	for i := 0; i < len(pairs); {
		n := 1
		each := l.width() / float64(per)
		for n < per && i+n < len(pairs) && l.short(pairs[i], each-label) && l.short(pairs[i+n], each-label) {
			n++
		}
		if n < per {
			n = 1
		}
		var cells []cell
		for k, p := range pairs[i : i+n] {
			w := l.width() / float64(n)
			x := l.left + w*float64(k)
			cells = append(cells, cell{x: x, w: label, text: p.label, align: center, style: cellText, pale: true},
				cell{x: x + label, w: w - label, text: p.value, style: cellText})
		}
		l.row(cells, 8.2, nil)
		i += n
	}
}

// short tells whether a pair may share a row: its value takes one line, or two at most.
func (l *layout) short(p pair, w float64) bool {
	return len(l.lines(p.value, w-2*padX, cellText)) <= 1
}

func (l *layout) pieces(cells []cell) []piece {
	ps := make([]piece, len(cells))
	for i, c := range cells {
		ps[i] = piece{c, l.lines(c.text, c.w-2*padX, c.style)}
	}
	return ps
}

// height returns the height of a row.
func (l *layout) height(ps []piece, least float64) float64 {
	h := least
	for _, p := range ps {
		h = max(h, float64(len(p.lines))*p.style.line()+2*padY)
	}
	return h
}

// row sets one row. It stays whole if a page can hold it; a taller one is broken between lines. again is called at the top of
// each new page, to repeat the head.
func (l *layout) row(cells []cell, least float64, again func()) {
	ps := l.pieces(cells)
	turn := func() {
		l.newPage()
		if again != nil {
			again()
		}
	}
	if h := l.height(ps, least); h > l.room() && (h < (l.h-l.top-l.bottom)*0.6 || l.room() < 20) {
		turn()
	}
	for l.height(ps, least) > l.room()+1e-6 {
		rest := l.split(ps)
		l.cells(ps, l.room())
		turn()
		ps, least = rest, 0
	}
	l.cells(ps, l.height(ps, least))
}

// split cuts the cells to the lines that fit on this page and returns the rest.
func (l *layout) split(ps []piece) []piece {
	rest := make([]piece, len(ps))
	for i, p := range ps {
		n := min(len(p.lines), max(1, int((l.room()-2*padY)/p.style.line())))
		rest[i] = piece{p.cell, p.lines[n:]}
		ps[i].lines = p.lines[:n]
	}
	return rest
}

// cells draws the cells of a row, h high, and moves below it.
func (l *layout) cells(ps []piece, h float64) {
	for _, p := range ps {
		if p.pale {
			l.add(box{p.x, l.y, p.w, h, 0, pale, true})
		}
	}
	for _, p := range ps {
		l.add(box{p.x, l.y, p.w, h, 0.2, hair, false})
		y := l.y + (h-float64(len(p.lines))*p.style.line())/2
		for i, s := range p.lines {
			l.put(p.x+padX, y+float64(i)*p.style.line(), p.w-2*padX, p.align, s, p.style)
		}
	}
	l.y += h
}
