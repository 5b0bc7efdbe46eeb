package meeting

import (
	"context"

	"fyne.io/fyne/v2"

	"zhiping/shared/fault"
)

// toSpare asks where the spare hub is, and goes on there: what is sealed here is sent again, byte for byte (voting.md, hub dead). That it is the spare of
// this meeting, its certificate and the signed epoch say; the address may be anybody's.
func (b *Booth) toSpare(back func()) {
	b.seen = nil
	host, code := newEntry("备用主机屏幕上的会场地址"), newEntry("备用主机屏幕上的配对码")
	use := func() {
		if tidy(host.Text) == "" || tidy(code.Text) == "" {
			b.fail(fault.New(fault.Invalid, "请按备用主机屏幕左上角显示的内容，把地址和配对码填写完整"))
			return
		}
		b.do(func(context.Context) error {
			b.seat.Use(tidy(host.Text), tidy(code.Text))
			return nil
		}, back)
	}
	chain(b.window, use, host, code)
	b.show(screen{
		title: "改连备用主机", hint: "↑↓ 换一栏", first: host,
		body: middle(centred("由会务人员填写。主机损坏、已启用备用主机时才需要改连。"), centred("已密封的选票会自动送到备用主机，不必重新投票。"), gap(12),
			fields("会场地址", host, "配　对　码", code)),
		actions: []action{{fyne.KeyEscape, "返回", back, false}, {fyne.KeyReturn, "改　连", use, true}},
	})
}
