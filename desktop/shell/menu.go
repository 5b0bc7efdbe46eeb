package shell

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
)

// few is how many lines and heads of a menu fit on a small screen (768 pixels): up to there all groups stay open.
const few = 14

// A group is a part of the menu under a head that opens and closes it. In a long menu one group is open, and that of the page that is shown, so
// that all heads are in sight. Heads and lines are buttons: Tab goes through them, Space opens.
type group struct {
	title string
	head  *kit.Button
	lines *fyne.Container
	page  map[string]*kit.Button // the lines by their titles
	badge *badge                 // the sum of its lines' numbers while it is closed
}

// menu makes the groups of what a person has the right to.
func (s *Shell) menu(who *sessionv1.Identity, items []Item) {
	var g *group
	for _, it := range items {
		if !has(who, it.Right) {
			continue
		}
		if g == nil || g.title != it.Group {
			g = s.group(it.Group)
		}
		b := kit.NewButton("　　"+it.Title, nil, func() { s.choose(it) })
		b.Alignment = widget.ButtonAlignLeading
		b.Importance = widget.LowImportance
		g.page[it.Title] = b
		g.lines.Add(s.badged(it, b))
	}
	for _, g := range s.groups {
		s.set(g, g == s.groups[0] || s.short())
	}
}

// group is the group of a title: groups may be named in turns.
func (s *Shell) group(title string) *group {
	for _, g := range s.groups {
		if g.title == title {
			return g
		}
	}
	g := &group{title: title, lines: container.New(layout.NewCustomPaddedVBoxLayout(0)), badge: newBadge(), page: map[string]*kit.Button{}}
	g.head = kit.NewButton(title, theme.MenuExpandIcon(), func() { s.fold(g) })
	g.head.Alignment = widget.ButtonAlignLeading
	g.head.Importance = widget.LowImportance
	s.groups = append(s.groups, g)
	return g
}

// lines is the menu as it is drawn.
func (s *Shell) lines() fyne.CanvasObject {
	all := container.New(layout.NewCustomPaddedVBoxLayout(0))
	for _, g := range s.groups {
		all.Add(g.badge.on(g.head))
		all.Add(g.lines)
	}
	s.scroll = container.NewVScroll(all)
	return s.scroll
}

func (s *Shell) short() bool {
	n := len(s.groups)
	for _, g := range s.groups {
		n += len(g.page)
	}
	return n <= few
}

// fold opens a group by its head, or closes it.
func (s *Shell) fold(g *group) {
	if g.lines.Visible() {
		s.set(g, false)
		return
	}
	s.unfold(g)
	s.bring(g)
	if s.Unfolded != nil {
		s.Unfolded(g.title)
	}
}

// bring scrolls a group that was opened into sight: with a large text the menu may be higher than the window after all.
func (s *Shell) bring(g *group) {
	s.scroll.Content.Resize(s.scroll.Content.MinSize().Max(s.scroll.Size()))
	s.scroll.Content.Refresh()
	end := g.lines.Position().Y + g.lines.MinSize().Height
	top := g.lines.Position().Y - g.head.MinSize().Height
	if last := s.scroll.Offset.Y + s.scroll.Size().Height; end > last {
		s.scroll.ScrollToOffset(fyne.NewPos(0, min(end-s.scroll.Size().Height, top)))
	}
}

// Unfold opens the group of the menu that was open the last time.
func (s *Shell) Unfold(title string) {
	for _, g := range s.groups {
		if g.title == title {
			s.unfold(g)
		}
	}
}

// unfold opens groups; in a long menu the others close, but for the one of the page that is shown.
func (s *Shell) unfold(open ...*group) {
	for _, g := range s.groups {
		wanted := s.short()
		for _, o := range open {
			wanted = wanted || o == g
		}
		if p := s.current(); p != nil {
			wanted = wanted || g.page[p.Menu] != nil
		}
		s.set(g, wanted)
	}
}

func (s *Shell) set(g *group, open bool) {
	if open {
		g.head.SetIcon(theme.MenuDropDownIcon())
		g.lines.Show()
	} else {
		g.head.SetIcon(theme.MenuExpandIcon())
		g.lines.Hide()
	}
	s.sum()
}

// sum shows on the head of a closed group what its lines count together.
func (s *Shell) sum() {
	for _, g := range s.groups {
		n := int64(0)
		for _, b := range s.badges {
			if g.page[b.title] != nil && !g.lines.Visible() {
				n += b.n
			}
		}
		g.badge.show(n)
	}
}

// point marks the line of the page that is shown, in its group, which it opens.
func (s *Shell) point() {
	p := s.current()
	for _, g := range s.groups {
		for title, line := range g.page {
			importance := widget.LowImportance
			if p != nil && p.Menu == title {
				importance = widget.MediumImportance
				if !g.lines.Visible() {
					s.unfold(g)
				}
			}
			if line.Importance != importance {
				line.Importance = importance
				line.Refresh()
			}
		}
	}
}
