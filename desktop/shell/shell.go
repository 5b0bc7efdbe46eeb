// Package shell is the window around the pages: menu on the left by rights, opened pages as tabs, the state bar below; and the sign-in page.
package shell

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
)

// An Item is a line of the menu: shown to those who have the right.
type Item struct {
	Group, Title string
	Right        commonv1.Right
	Open         func() *Page
	Count        *Count // what waits behind it; nil for a line that shows no number
}

// A Page is what a tab holds.
type Page struct {
	Key     string // one tab per key
	Title   string
	Help    string // the key of its help; "" is the first word of Key
	Menu    string // the line of the menu that opened it, "" for none: it can be opened again
	Marked  bool   // it has a mark for its help in its own head
	Content fyne.CanvasObject
	Refresh func() // F5, and when the page is opened
	Approve func() // Ctrl+Enter
	Save    func() // Ctrl+S
	// Search puts the cursor where something can be looked for (Ctrl+F).
	Search func(fyne.Canvas)
	// Turn goes by so many cases on in the list that the page was opened from (Ctrl+Down and Ctrl+Up): a clerk reviews two hundred in a row.
	Turn func(by int)
	// Kinds are the kinds of records that the page shows; Follow brings it up to date when one of them has changed.
	Kinds  []string
	Follow func()
	// Show shows a state of what the page lists, for a jump into it.
	Show func(state string)
	// Restyle fits the page to another text size.
	Restyle func()

	cursor fyne.Focusable // where it was when the page was left
}

// A Shell is the main window's content.
type Shell struct {
	Content fyne.CanvasObject

	// Help shows the help of a key (F1).
	Help func(key string)
	// Opened is told the lines of the menu whose pages are open, in the order of the tabs, whenever they change.
	Opened func(lines []string)
	// Unfolded is told the group of the menu that the person has opened.
	Unfolded func(title string)

	window  fyne.Window
	unseen  map[*Page]bool // opened again from the last time, it loads when it is shown
	tabs    *container.DocTabs
	pages   map[*container.TabItem]*Page
	stale   map[*Page]bool // shown again, it catches up
	state   *widget.Label
	from    map[*Page]*Page // what was shown when a page was opened
	refresh func()
	doing   string // long work under way, for the state bar
	badges  []*badge
	groups  []*group
	scroll  *container.Scroll // of the menu
}

// New draws the shell for whoever is signed in, on the first page, which stays. standing says in words how server and outbox stand, and whether that calls for attention.
func New(w fyne.Window, who *sessionv1.Identity, items []Item, home *Page, standing func() (text string, bad bool)) *Shell {
	s := &Shell{window: w, pages: map[*container.TabItem]*Page{}, stale: map[*Page]bool{}, unseen: map[*Page]bool{}, from: map[*Page]*Page{}, state: widget.NewLabel("")}
	s.tabs = container.NewDocTabs()
	s.tabs.CloseIntercept = s.close
	s.tabs.OnUnselected = s.leave
	s.tabs.OnSelected = func(t *container.TabItem) {
		s.resume(t)
		s.status(who, standing)
		s.catchUp(t)
		s.point()
	}
	s.menu(who, items)
	left := container.NewBorder(s.brand(), nil, nil, nil, s.lines())
	notice := kit.NewBanner()
	if !who.Unit.GetAuthorised() {
		notice.Say(unauthorised, widget.DangerImportance)
	}
	split := container.NewHSplit(left, container.NewBorder(notice.Content, nil, nil, nil, s.tabs))
	split.Offset = 0.16
	s.Content = container.NewBorder(nil, container.NewVBox(widget.NewSeparator(), s.state), nil, nil, split)
	s.refresh = func() { s.status(who, standing) }
	home.Key = homeKey
	s.Open(home)
	s.keys()
	s.recount(map[string]bool{"*": true})
	s.status(who, standing)
	return s
}

// unauthorised stands on top of every page until the superior has approved the unit (A2; the words are the manual's).
const unauthorised = "所在单位未被授权，请先完善单位信息，并提交上级单位进行授权审核！"

func (s *Shell) brand() fyne.CanvasObject {
	l := widget.NewLabelWithStyle("职评通", fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	l.SizeName = theme.SizeNameHeadingText
	l.Importance = widget.HighImportance
	return l
}

func has(who *sessionv1.Identity, r commonv1.Right) bool {
	for _, x := range who.Rights {
		if x == r {
			return true
		}
	}
	return false
}

// OpenAt opens a page on a state.
func (s *Shell) OpenAt(p *Page, state string) {
	s.Open(p)
	if p = s.current(); p != nil && p.Show != nil {
		p.Show(state)
	}
}

// Has reports whether whoever is signed in has the right that a line of the menu asks for.
func Has(who *sessionv1.Identity, it Item) bool { return has(who, it.Right) }

// choose opens what a line of the menu stands for; a line may do something instead.
func (s *Shell) choose(it Item) {
	if p := it.Page(); p != nil {
		s.Open(p)
	}
}

// Page opens what a line of the menu stands for; nil for a line that does something instead.
func (it Item) Page() *Page {
	p := it.Open()
	if p != nil {
		p.Menu = it.Title
	}
	return p
}

// Open shows a page: the tab it has already, or a new one.
func (s *Shell) Open(p *Page) {
	for t, old := range s.pages {
		if old.Key == p.Key {
			delete(s.unseen, old)
			if old.Menu == "" {
				old.Menu = p.Menu // was opened by a link before
			}
			if from := s.current(); from != old {
				s.from[old] = from
			}
			s.tabs.Select(t)
			s.point()
			if old.Refresh != nil {
				old.Refresh()
			}
			return
		}
	}
	from := s.current()
	t := s.add(p)
	s.from[p] = from
	s.tabs.Select(t)
	if p.Search == nil { // in a list, Ctrl+F does
		s.begin(p)
	}
	call(p.Refresh)
	s.tell()
}

// leave takes the cursor out of a page that is shown no more, so that nothing is typed into it unseen. A cursor in the menu stays there.
func (s *Shell) leave(t *container.TabItem) {
	c := s.window.Canvas()
	if p := s.pages[t]; p != nil {
		p.cursor = c.Focused()
	}
	if _, menu := c.Focused().(*kit.Button); !menu {
		c.Unfocus()
	}
}

// resume puts the cursor of a page that is shown again where it was, unless that has gone.
func (s *Shell) resume(t *container.TabItem) {
	p := s.pages[t]
	if p == nil || p.cursor == nil {
		return
	}
	o, ok := p.cursor.(fyne.CanvasObject)
	if _, menu := o.(*kit.Button); ok && !menu && fyne.CurrentApp().Driver().CanvasForObject(o) == s.window.Canvas() {
		s.window.Canvas().Focus(p.cursor)
	}
	p.cursor = nil
}

// begin puts the cursor into the first entry of a form; from nowhere, Tab would go through the whole menu first.
func (s *Shell) begin(p *Page) {
	if e := kit.FirstEntry(p.Content); e != nil {
		s.window.Canvas().Focus(e)
	}
}

func (s *Shell) add(p *Page) *container.TabItem {
	t := container.NewTabItem(s.titled(p), container.NewPadded(s.marked(p)))
	s.pages[t] = p
	s.tabs.Append(t)
	return t
}

// marked puts the mark for the help beside a page that has none of its own, so that the mouse finds it too.
func (s *Shell) marked(p *Page) fyne.CanvasObject {
	if p.Marked {
		return p.Content
	}
	mark := widget.NewButtonWithIcon("", theme.QuestionIcon(), func() { s.help(p) })
	mark.Importance = widget.LowImportance
	return container.NewBorder(nil, nil, nil, container.NewVBox(mark), p.Content)
}

// Restore opens pages of the last time behind the one that is shown. They load when they are shown: what cannot be reached then says so then.
func (s *Shell) Restore(all []*Page) {
	for _, p := range all {
		s.unseen[p] = true
		s.add(p)
	}
	s.tell()
}

// tell says which pages are open.
func (s *Shell) tell() {
	if s.Opened == nil {
		return
	}
	var lines []string
	for _, t := range s.tabs.Items {
		if p := s.pages[t]; p != nil && p.Menu != "" {
			lines = append(lines, p.Menu)
		}
	}
	s.Opened(lines)
}

// Restyled fits the pages that are open to another text size.
func (s *Shell) Restyled() {
	for _, p := range s.pages {
		call(p.Restyle)
	}
}

// HelpKey is the key of a page's help.
func (p *Page) HelpKey() string {
	if p.Help != "" {
		return p.Help
	}
	key, _, _ := strings.Cut(p.Key, " ")
	return key
}

func (s *Shell) help(p *Page) {
	if s.Help != nil && p != nil {
		s.Help(p.HelpKey())
	}
}

// homeKey is the page that stays.
const homeKey = "home"

func (s *Shell) close(t *container.TabItem) {
	if s.pages[t].Key == homeKey {
		return
	}
	p, shown := s.pages[t], s.tabs.Selected() == t
	from := s.from[p]
	delete(s.unseen, p)
	delete(s.from, p)
	delete(s.pages, t)
	s.tabs.Remove(t)
	if shown {
		s.back(from)
	}
	s.tell()
}

// back shows the page again from which the one that was closed had been opened; where that is closed too, the neighbour stays.
func (s *Shell) back(to *Page) {
	for t, p := range s.pages {
		if p == to {
			s.tabs.Select(t)
		}
	}
}

// Close closes the page of a key.
func (s *Shell) Close(key string) {
	for t, p := range s.pages {
		if p.Key == key {
			s.close(t)
			return
		}
	}
}

// Doing names long work in the state bar, with how far it is; "" when it is done.
func (s *Shell) Doing(what string) {
	s.doing = what
	s.refresh()
}

// Heard brings the state bar up to date: called after the server has answered, or has not.
func (s *Shell) Heard() { s.refresh() }

// Key is the key of the page that is shown.
func (s *Shell) Key() string {
	if p := s.current(); p != nil {
		return p.Key
	}
	return ""
}

// Heading is the head of a page before signing in, with the way back.
func Heading(title string, back func()) fyne.CanvasObject {
	return HeadingTo("返回登录", title, back)
}

// HeadingTo is Heading with another way back.
func HeadingTo(to, title string, back func()) fyne.CanvasObject {
	l := widget.NewLabelWithStyle(title, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	l.SizeName = theme.SizeNameSubHeadingText
	return container.NewHBox(widget.NewButtonWithIcon(to, theme.NavigateBackIcon(), back), l)
}

func (s *Shell) current() *Page { return s.pages[s.tabs.Selected()] }

func (s *Shell) keys() {
	add := func(k fyne.KeyName, m fyne.KeyModifier, fn func()) {
		s.window.Canvas().AddShortcut(&desktop.CustomShortcut{KeyName: k, Modifier: m}, func(fyne.Shortcut) {
			if s.asked() == nil { // a key must not approve behind a message
				fn()
			}
		})
	}
	page := func(k fyne.KeyName, fn func(*Page)) {
		add(k, fyne.KeyModifierControl, func() {
			if p := s.current(); p != nil {
				fn(p)
			}
		})
	}
	page(fyne.KeyReturn, func(p *Page) { call(p.Approve) })
	page(fyne.KeyS, func(p *Page) { call(p.Save) })
	page(fyne.KeyF, func(p *Page) {
		if p.Search != nil {
			p.Search(s.window.Canvas())
		}
	})
	for k, by := range map[fyne.KeyName]int{fyne.KeyDown: 1, fyne.KeyUp: -1} {
		page(k, func(p *Page) {
			if p.Turn != nil {
				p.Turn(by)
			}
		})
	}
	add(fyne.KeyLeft, fyne.KeyModifierAlt, func() { s.turn(-1) })
	add(fyne.KeyRight, fyne.KeyModifierAlt, func() { s.turn(1) })
	kit.PageKeys(s.window.Canvas(), func(e *fyne.KeyEvent) {
		p := s.current()
		switch {
		case p == nil:
		case e.Name == fyne.KeyF1:
			s.help(p)
		case e.Name == fyne.KeyF5 && p.Refresh != nil:
			p.Refresh()
		case e.Name == fyne.KeyEscape:
			s.close(s.tabs.Selected())
		}
	})
}

// asked is what is said or asked in front of the page, nil for nothing.
func (s *Shell) asked() fyne.CanvasObject { return s.window.Canvas().Overlays().Top() }

// call does what a page has for a key, if it has it.
func call(fn func()) {
	if fn != nil {
		fn()
	}
}

func (s *Shell) turn(by int) {
	if i := s.tabs.SelectedIndex() + by; i >= 0 && i < len(s.tabs.Items) {
		s.tabs.SelectIndex(i)
	}
}

// Followed tells the pages which kinds of records look different now, "*" for all: the one that is shown catches up at once, the others when
// they are shown again.
func (s *Shell) Followed(kinds map[string]bool) {
	s.recount(kinds)
	for t, p := range s.pages {
		hit := kinds["*"] && p.Follow != nil
		for _, k := range p.Kinds {
			hit = hit || kinds[k]
		}
		if hit {
			s.stale[p] = true
			if t == s.tabs.Selected() {
				s.catchUp(t)
			}
		}
	}
}

func (s *Shell) catchUp(t *container.TabItem) {
	if p := s.pages[t]; p != nil && s.unseen[p] {
		delete(s.unseen, p)
		call(p.Refresh)
	}
	if p := s.pages[t]; p != nil && s.stale[p] {
		delete(s.stale, p)
		call(p.Follow)
	}
}

// status writes the state bar.
func (s *Shell) status(who *sessionv1.Identity, standing func() (string, bool)) {
	line, bad := standing()
	if s.doing != "" {
		line += "　|　" + s.doing
	}
	s.state.Importance = widget.MediumImportance
	if bad {
		s.state.Importance = widget.WarningImportance
	}
	s.state.SetText(fmt.Sprintf("%s　%s　|　%s", who.Unit.GetName(), who.Staff.GetName(), line))
}
