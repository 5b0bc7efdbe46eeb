package main

import (
	"fyne.io/fyne/v2/container"

	"zhiping/desktop/keys"
	"zhiping/desktop/shell"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
)

const keysTitle = "会议密钥"

// keys shows the screen of a person's keys in place of everything else: chair, supervisor and custodians often have no account.
func (p *program) keys(to string, back func()) {
	page := keys.New(keys.Window(p.window, p.desk))
	p.window.SetContent(withHelp(p.window, "keys", container.NewBorder(shell.HeadingTo(to, keysTitle, back), nil, nil, nil, container.NewPadded(page.Content))))
	page.Focus(p.window.Canvas())
}

// keysItem is the same screen for whoever is signed in.
func (p *program) keysItem() shell.Item {
	return shell.Item{Group: ownMachine, Title: keysTitle, Right: commonv1.Right_RIGHT_SIGNED_IN, Open: func() *shell.Page {
		return &shell.Page{Key: "keys", Title: keysTitle, Content: keys.New(keys.Window(p.window, p.desk)).Content}
	}}
}
