package main

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/help"
	"zhiping/desktop/kit"
	"zhiping/desktop/settings"
	"zhiping/desktop/shell"
	"zhiping/desktop/theme"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
)

// ownMenu is the part of this machine: what waits, settings, help.
func (p *program) ownMenu() []shell.Item {
	all := []shell.Item{
		{Group: ownMachine, Title: pendingTitle, Right: commonv1.Right_RIGHT_SIGNED_IN, Open: p.pending},
		{Group: ownMachine, Title: "设置", Right: commonv1.Right_RIGHT_SIGNED_IN, Open: p.settings},
		p.alertItem(),
		p.keysItem(),
	}
	return append(append(all, p.sessionMenu()...),
		shell.Item{Group: ownMachine, Title: helpTitle, Right: commonv1.Right_RIGHT_SIGNED_IN, Open: func() *shell.Page { return p.helpPage() }},
		shell.Item{Group: ownMachine, Title: signOutTitle, Right: commonv1.Right_RIGHT_SIGNED_IN, Open: func() *shell.Page { p.signOut(); return nil }})
}

const (
	helpTitle    = "帮助"
	signOutTitle = "退出登录"
)

// helpPage is the book of the help; it is one page however often it is opened.
func (p *program) helpPage() *shell.Page {
	if p.book == nil {
		p.book = help.NewBook()
	}
	return &shell.Page{Key: "help", Help: "home", Title: helpTitle, Content: p.book.Content, Search: p.book.Search, Restyle: p.book.Restyle, Marked: true}
}

// showHelp opens the book at the help of a page (F1).
func (p *program) showHelp(key string) {
	page := p.helpPage()
	page.Menu = helpTitle
	p.book.Show(key)
	p.shell.Open(page)
}

// settings is the page of text size and colours.
func (p *program) settings() *shell.Page {
	s := settings.New(p.look(), func(l kit.Look) {
		p.memory.KeepLook(l)
		p.apply(l)
	}, p.memory.ForgetLists)
	return &shell.Page{Key: "settings", Title: "设置", Content: s.Content}
}

// look is how this person has the window: what was set on the page, else what the program was started with.
func (p *program) look() kit.Look {
	started := kit.Look{Scale: p.command.Scale, Dark: p.command.Dark}
	if p.memory == nil {
		return started
	}
	return p.memory.Look(started)
}

// apply changes the look of everything that is open.
func (p *program) apply(l kit.Look) {
	fyne.CurrentApp().Settings().SetTheme(theme.New(l.Scale, l.Dark))
	if p.shell != nil {
		p.shell.Restyled()
	}
}

// remember begins to remember for whoever has signed in: the look is theirs from now on.
func (p *program) remember(server, account string) {
	p.memory = &kit.Memory{Preferences: fyne.CurrentApp().Preferences(), Account: server + "/" + account}
	p.apply(p.look())
}

// restore opens the pages that were open the last time, and remembers from then on which ones are; the menu's group alike.
func (p *program) restore(menu []shell.Item) {
	var pages []*shell.Page
	for _, line := range p.memory.Pages() {
		for _, it := range menu {
			if it.Title == line && shell.Has(p.client.Identity, it) && line != signOutTitle {
				if page := it.Page(); page != nil {
					pages = append(pages, page)
				}
			}
		}
	}
	p.shell.Opened, p.shell.Unfolded = p.memory.KeepPages, p.memory.KeepGroup
	p.shell.Unfold(p.memory.Group())
	p.shell.Restore(pages)
}

// withHelp puts the mark for the help above a page that stands before signing in; F1 shows it too.
func withHelp(w fyne.Window, key string, content fyne.CanvasObject) fyne.CanvasObject {
	mark := widget.NewButtonWithIcon(helpTitle, fynetheme.QuestionIcon(), helpKeys(w, key, nil))
	mark.Importance = widget.LowImportance
	return container.NewBorder(container.NewHBox(layout.NewSpacer(), mark), nil, nil, nil, content)
}

// helpKeys is withHelp for a page that draws the mark itself, with what it gives; keys are the page's other keys, nil for none.
func helpKeys(w fyne.Window, key string, keys map[fyne.KeyName]func()) (show func()) {
	show = func() { article(w, key) }
	kit.PageKeys(w.Canvas(), func(e *fyne.KeyEvent) {
		switch do := keys[e.Name]; {
		case e.Name == fyne.KeyF1:
			show()
		case do != nil:
			do()
		}
	})
	return show
}

// article shows one page of the help over the window.
func article(w fyne.Window, key string) {
	title, text := help.Article(key)
	dialog.ShowCustom("帮助："+title, "关闭", text, w)
}
