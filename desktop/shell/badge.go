package shell

import (
	"slices"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A Count is the number behind a line of the menu, such as unread messages. It is shown on the line and on the tab of the page with the line's
// title, and counted again whenever a record of its kinds has changed.
type Count struct {
	Kinds []string
	// Read counts beside the window and hands the number over on the window's goroutine; not at all when it cannot be known.
	Read func(then func(int64))
}

// A badge is a count as it is shown.
type badge struct {
	title string
	count *Count
	n     int64
	text  *canvas.Text
	pill  *fyne.Container
}

// most is the largest number that is written out.
const most = 99

// badged is a line of the menu with its badge at the right end, hidden while there is nothing to count.
func (s *Shell) badged(it Item, line fyne.CanvasObject) fyne.CanvasObject {
	if it.Count == nil {
		return line
	}
	b := newBadge()
	b.title, b.count = it.Title, it.Count
	s.badges = append(s.badges, b)
	return b.on(line)
}

// newBadge is a badge that shows nothing yet.
func newBadge() *badge {
	b := &badge{text: canvas.NewText("", theme.Color(theme.ColorNameForegroundOnError))}
	b.text.TextSize = theme.TextSize() * 0.85
	b.text.TextStyle.Bold = true
	b.text.Alignment = fyne.TextAlignCenter
	ground := canvas.NewRectangle(theme.Color(theme.ColorNameError))
	ground.CornerRadius = theme.TextSize() * 0.7
	ground.SetMinSize(fyne.NewSize(theme.TextSize()*1.9, theme.TextSize()*1.4))
	b.pill = container.NewStack(ground, b.text)
	b.pill.Hide()
	return b
}

// on is a line with the badge at its right end.
func (b *badge) on(line fyne.CanvasObject) fyne.CanvasObject {
	return container.NewStack(line, container.NewHBox(layout.NewSpacer(), container.NewCenter(b.pill), widget.NewLabel("")))
}

// recount counts what follows the kinds of records, "*" for all.
func (s *Shell) recount(kinds map[string]bool) {
	for _, b := range s.badges {
		if kinds["*"] || slices.ContainsFunc(b.count.Kinds, func(k string) bool { return kinds[k] }) {
			b.count.Read(func(n int64) { s.counted(b, n) })
		}
	}
}

// counted shows a number on the line and on the tab.
func (s *Shell) counted(b *badge, n int64) {
	if b.n == n {
		return
	}
	b.show(n)
	s.sum()
	for t, p := range s.pages {
		if p.Title == b.title {
			t.Text = s.titled(p)
			s.tabs.Refresh()
		}
	}
}

func (b *badge) show(n int64) {
	b.n = n
	b.text.Text = figure(n)
	b.text.Refresh()
	if n > 0 {
		b.pill.Show()
	} else {
		b.pill.Hide()
	}
}

// titled is a page's title with the number of its line of the menu.
func (s *Shell) titled(p *Page) string {
	for _, b := range s.badges {
		if b.title == p.Title && b.n > 0 {
			return p.Title + "（" + figure(b.n) + "）"
		}
	}
	return p.Title
}

func figure(n int64) string {
	if n > most {
		return strconv.Itoa(most) + "+"
	}
	return strconv.FormatInt(n, 10)
}
