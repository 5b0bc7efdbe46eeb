package notice

import (
	"regexp"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// A reading is Markdown as it is read; tables, which Fyne's own reader does not know, are drawn as grids.
type reading struct {
	Content *fyne.Container
}

func newReading(text string) *reading {
	r := &reading{container.NewVBox()}
	r.show(text)
	return r
}

func (r *reading) show(text string) {
	r.Content.RemoveAll()
	for _, b := range blocks(text) {
		if b.rows != nil {
			r.Content.Add(table(b.rows))
			continue
		}
		t := widget.NewRichTextFromMarkdown(b.text)
		t.Wrapping = fyne.TextWrapWord
		r.Content.Add(t)
	}
}

// A block is a table, or the text between two.
type block struct {
	text string
	rows [][]string
}

var (
	divider = regexp.MustCompile(`^\s*\|?(\s*:?-+:?\s*\|)+\s*(:?-+:?)?\s*$`)
	fence   = regexp.MustCompile("^\\s*(```|~~~)")
)

// blocks cuts Markdown into tables and the text between them. A table begins with its head and the line that divides it from the rest.
func blocks(text string) (all []block) {
	lines := strings.Split(text, "\n")
	var between []string
	flush := func() {
		if strings.TrimSpace(strings.Join(between, "")) != "" {
			all = append(all, block{text: kept(between)})
		}
		between = nil
	}
	code := false
	for i := 0; i < len(lines); i++ {
		code = code != fence.MatchString(lines[i])
		if code || i+1 >= len(lines) || !strings.Contains(lines[i], "|") || !divider.MatchString(lines[i+1]) {
			between = append(between, lines[i])
			continue
		}
		flush()
		rows := [][]string{cells(lines[i])}
		for i += 2; i < len(lines) && strings.Contains(lines[i], "|"); i++ {
			rows = append(rows, cells(lines[i]))
		}
		i--
		all = append(all, block{rows: rows})
	}
	flush()
	return all
}

// special are lines that are not plain text: lists, headings, quotes, code, nothing.
var special = regexp.MustCompile("^\\s*([-*+>#]|\\d+[.)]|```|~~~|$)|^(    |\t)")

// kept keeps the line breaks of plain text, as the portal does: each line is a paragraph for Fyne's reader.
func kept(lines []string) string {
	var b strings.Builder
	code := false
	for i, line := range lines {
		code = code != fence.MatchString(line)
		if i > 0 {
			b.WriteString("\n")
			if !code && !special.MatchString(line) && !special.MatchString(lines[i-1]) {
				b.WriteString("\n")
			}
		}
		b.WriteString(line)
	}
	return b.String()
}

// cells are the cells of a table's line.
func cells(line string) []string {
	all := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// table draws rows under a bold head; like the portal it has as many columns as the head.
func table(rows [][]string) fyne.CanvasObject {
	grid := container.NewGridWithColumns(len(rows[0]))
	for i, row := range rows {
		for c := range rows[0] {
			text := ""
			if c < len(row) {
				text = row[c]
			}
			if i == 0 {
				text = "**" + text + "**"
			}
			cell := widget.NewRichTextFromMarkdown(text)
			cell.Wrapping = fyne.TextWrapWord
			grid.Add(widget.NewCard("", "", cell))
		}
	}
	return grid
}
