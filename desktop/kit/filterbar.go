package kit

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/list"
)

// filterBar is the row above a list: entries and drop-downs, 查询 and 重置; what does not fit one row is behind 展开.
type filterBar struct {
	content fyne.CanvasObject

	filters []list.Filter
	entries map[string]*Entry
	picks   map[string]*widget.Select
	search  func(map[string]string)
	quick   func() bool // whether to search while typing
}

const (
	inFirstRow = 4 // filters that fit a row of 1366 pixels beside the menu and the buttons
	// everything is what a drop-down shows that does not filter.
	everything = "全部"
)

func newFilterBar(filters []list.Filter, quick func() bool, search func(map[string]string)) *filterBar {
	b := &filterBar{filters: filters, entries: map[string]*Entry{}, picks: map[string]*widget.Select{}, search: search, quick: quick}
	first, rest := container.NewHBox(), container.NewHBox()
	b.content = first
	if len(filters) == 0 {
		return b
	}
	for i, f := range filters {
		row := first
		if i >= inFirstRow {
			row = rest
		}
		in := b.input(f)
		row.Add(container.New(columnLayout{150}, in))
	}
	query := widget.NewButtonWithIcon("查询", theme.SearchIcon(), b.query)
	query.Importance = widget.HighImportance
	first.Add(query)
	first.Add(widget.NewButton("重置", b.reset))
	if len(rest.Objects) > 0 {
		rest.Hide()
		first.Add(b.unfolds(rest))
		b.content = container.NewVBox(first, rest)
	}
	return b
}

// unfolds is the button that shows and hides the further filters.
func (b *filterBar) unfolds(rest *fyne.Container) *widget.Button {
	button := widget.NewButtonWithIcon("展开", theme.MenuDropDownIcon(), nil)
	button.Importance = widget.LowImportance
	button.OnTapped = func() {
		if rest.Visible() {
			rest.Hide()
			button.SetText("展开")
			button.SetIcon(theme.MenuDropDownIcon())
			return
		}
		rest.Show()
		button.SetText("收起")
		button.SetIcon(theme.MenuDropUpIcon())
	}
	return button
}

func (b *filterBar) input(f list.Filter) fyne.CanvasObject {
	if len(f.Choices) == 0 {
		e := NewEntry()
		e.SetPlaceHolder(f.Title)
		e.OnSubmitted = func(string) { b.query() }
		e.OnChanged = func(string) {
			if b.quick != nil && b.quick() {
				b.query()
			}
		}
		b.entries[f.Column] = e
		return e
	}
	titles := []string{everything}
	for _, c := range f.Choices {
		titles = append(titles, c.Title)
	}
	s := widget.NewSelect(titles, nil)
	s.PlaceHolder = f.Title
	b.picks[f.Column] = s
	return s
}

func (b *filterBar) query() {
	values := map[string]string{}
	for _, f := range b.filters {
		if e := b.entries[f.Column]; e != nil {
			values[f.Column] = strings.TrimSpace(e.Text)
			continue
		}
		for _, c := range f.Choices {
			if c.Title == b.picks[f.Column].Selected {
				values[f.Column] = c.Value
			}
		}
	}
	b.search(values)
}

func (b *filterBar) reset() {
	for _, e := range b.entries {
		e.SetText("")
	}
	for _, s := range b.picks {
		s.ClearSelected()
	}
	b.query()
}

// focus puts the cursor into the first entry.
func (b *filterBar) focus(c fyne.Canvas) {
	for _, f := range b.filters {
		if e := b.entries[f.Column]; e != nil {
			c.Focus(e)
			return
		}
	}
}
