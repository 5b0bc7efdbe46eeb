package help

import (
	"regexp"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
)

// A Book is the index of all pages with its search, and the page that is read.
type Book struct {
	Content fyne.CanvasObject

	pages  []Page
	hits   []Hit
	open   Page
	search *kit.Entry
	index  *widget.List
	none   *widget.Label
	title  *widget.Label
	text   *fyne.Container
	scroll *container.Scroll
}

// NewBook draws the book, open at its first page.
func NewBook() *Book {
	b := &Book{pages: All(), search: kit.NewEntry(), none: widget.NewLabel(""), title: newTitle(""), text: container.New(blocks{})}
	b.search.SetPlaceHolder("在全部帮助中查找")
	b.search.OnChanged = b.find
	b.none.Wrapping = fyne.TextWrapBreak
	b.none.Hide()
	b.index = widget.NewList(func() int { return len(b.hits) }, newEntry, func(i int, o fyne.CanvasObject) {
		box := o.(*fyne.Container).Objects
		box[0].(*widget.Label).SetText(b.hits[i].Title)
		box[1].(*widget.Label).SetText(b.hits[i].Line)
	})
	b.index.OnSelected = func(i int) { b.read(b.hits[i].Page) }
	b.hits = Find(b.pages, "")
	b.scroll = container.NewVScroll(container.New(readable{}, container.NewVBox(b.title, b.text)))
	head := widget.NewLabelWithStyle("帮助目录", fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	split := container.NewHSplit(container.NewBorder(container.NewVBox(head, b.search), nil, nil, nil, container.NewStack(b.index, container.NewVBox(b.none))), b.scroll)
	split.Offset = 0.27
	b.Content = split
	b.index.Select(0)
	return b
}

// Show opens the book at the page of a key; at the first one for a key without a page.
func (b *Book) Show(key string) {
	b.search.SetText("")
	i := max(slices.IndexFunc(b.hits, func(h Hit) bool { return h.Key == key }), 0)
	b.index.UnselectAll()
	b.index.Select(i)
	b.index.ScrollTo(i)
}

// Search puts the cursor into the search (Ctrl+F).
func (b *Book) Search(c fyne.Canvas) { c.Focus(b.search) }

// find lists the pages that have a text.
func (b *Book) find(text string) {
	b.hits = Find(b.pages, text)
	b.index.UnselectAll()
	b.index.Refresh()
	b.none.Hide()
	if len(b.hits) == 0 {
		b.none.SetText("没有找到“" + strings.TrimSpace(text) + "”。请换一个说法，或减少几个字。")
		b.none.Show()
		return
	}
	b.index.ScrollToTop()
	b.index.Select(0)
}

// Restyle fits the page to another text size.
func (b *Book) Restyle() { b.read(b.open) }

func (b *Book) read(p Page) {
	b.open = p
	b.title.SetText(p.Title)
	b.text.Objects = render(p.Text)
	b.text.Refresh()
	b.scroll.ScrollToTop()
}

// newEntry is a line of the index: the title, and under it where it was found.
func newEntry() fyne.CanvasObject {
	title, line := widget.NewLabel(""), widget.NewLabel("")
	line.SizeName = theme.SizeNameCaptionText
	line.Importance = widget.LowImportance
	for _, l := range []*widget.Label{title, line} {
		l.Truncation = fyne.TextTruncateEllipsis
	}
	return container.New(closeLines{}, title, line)
}

// Article is one page of the help by itself, for the windows before signing in.
func Article(key string) (title string, content fyne.CanvasObject) {
	for _, p := range All() {
		if p.Key == key {
			text := container.NewVScroll(container.New(readable{}, container.New(blocks{}, render(p.Text)...)))
			text.SetMinSize(fyne.NewSize(640, 400))
			return p.Title, text
		}
	}
	return "", widget.NewLabel("")
}

func newTitle(text string) *widget.Label {
	l := widget.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	l.SizeName = theme.SizeNameHeadingText
	l.Importance = widget.HighImportance
	return l
}

// item is a line of a list.
var item = regexp.MustCompile(`^(-|\d+\.) (.*)$`)

// render draws Markdown a block at a time: Fyne's own lists do not hang their lines under each other.
func render(markdown string) (all []fyne.CanvasObject) {
	for _, line := range strings.Split(markdown, "\n") {
		line = strings.TrimSpace(line)
		head, isHead := strings.CutPrefix(line, "## ")
		parts := item.FindStringSubmatch(line)
		switch {
		case line == "":
		case isHead:
			l := widget.NewLabelWithStyle(head, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
			l.SizeName = theme.SizeNameSubHeadingText
			all = append(all, l)
		case parts != nil:
			mark := widget.NewLabel(strings.Replace(parts[1], "-", "•", 1))
			mark.Alignment = fyne.TextAlignTrailing
			all = append(all, container.New(hanging{}, mark, newProse(parts[2])))
		default:
			all = append(all, newProse(line))
		}
	}
	return all
}
