package meeting

import (
	"fmt"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/room"
	"zhiping/shared/ballot"
)

// What reviewers have written is read here by everybody who is not recused (voting.md: written opinions are shown to the panel). The screens ask when they are
// opened, and fill in what comes where they stand.

// fetch asks for the opinions beside the window.
func (b *Booth) fetch(then func([]room.WrittenOpinion, error)) {
	ctx, seat := b.following, b.seat
	b.run(func() func() {
		all, err := seat.Opinions(ctx)
		return func() {
			if ctx.Err() == nil { // else the expert has left
				then(all, err)
			}
		}
	})
}

// onPanel counts the opinions on an applicant.
func onPanel(all []room.WrittenOpinion, applicant string) (n int) {
	for _, o := range all {
		if o.Applicant == applicant {
			n++
		}
	}
	return n
}

// panel lists the people of the meeting with how many opinions there are on each; what the expert is recused from is not shown.
func (b *Booth) panel() {
	b.seen = func() { b.meet() } // a round that opens does not wait for the reader
	var people []ballot.Applicant
	for _, a := range b.pkg().Applicants {
		if x := b.pkg().Expert(b.expert); x != nil && !slices.Contains(x.Recused, a.ID) {
			people = append(people, a)
		}
	}
	at := max(0, min(b.reading, len(people)-1))
	count := func(string) string { return "……" }
	note := centred("正在读取书面意见……")
	list := newRows(func() int { return len(people) }, newRow, func(i int, o fyne.CanvasObject) { fillRow(o, people[i], count(people[i].ID), false) }, func(i int) { at, b.reading = i, i })
	move := func(by int) {
		at = max(0, min(at+by, len(people)-1))
		b.reading = at
		list.at(at)
	}
	s := screen{title: "书面意见", body: container.NewBorder(note, nil, nil, nil, list), hint: "↑↓ 选择　PgUp、PgDn 翻页", keys: moves(move, func() {})}
	s.actions = []action{{fyne.KeyEscape, "返回", b.rounds, false}}
	if len(b.reviewed()) > 0 && !b.view.Archived {
		s.actions = append(s.actions, action{fyne.KeyF5, "写意见", b.opinions, false})
	}
	if len(people) > 0 {
		s.actions = append(s.actions, action{fyne.KeyReturn, "看意见", func() { b.read(people, at, b.seen, b.panel) }, true})
	}
	b.show(s)
	list.at(at)
	b.fetch(func(all []room.WrittenOpinion, err error) {
		if err != nil {
			note.SetText(b.unread(err))
			return
		}
		count = func(id string) string {
			if n := onPanel(all, id); n > 0 {
				return fmt.Sprintf("%d份", n)
			}
			return "无"
		}
		note.SetText(map[bool]string{true: "意见由专家本人签名，全体专家都能看到。" + b.carried(), false: "还没有书面意见。" + b.carried()}[len(all) > 0])
		list.Refresh()
	})
}

// unread says why there is nothing to read.
func (b *Booth) unread(err error) string { return "暂时读不到书面意见：" + kit.Readable(err) }

// carried says how old the opinions can be where no network brings them.
func (b *Booth) carried() string {
	if b.view.Way == room.WayStick {
		return "（以最近一次读入U盘时为准，最新的意见可到会场主机查看）"
	}
	return ""
}

// roleName is what the author of an opinion is called; where the package names no reviewers everybody writes as what he is.
func (b *Booth) roleName(role string) string {
	if len(b.pkg().Reviewers) == 0 {
		return "评审专家"
	}
	return roleNames[role]
}

// read shows the opinions on one of some people; seen is what news does meanwhile, back where Esc leads. A paper in hand stays as it is.
func (b *Booth) read(people []ballot.Applicant, at int, seen, back func()) {
	b.seen = seen
	person, texts := title(""), container.NewVBox()
	scroll := container.NewVScroll(texts)
	var all []room.WrittenOpinion
	instead := "正在读取书面意见……" // instead of opinions
	draw := func() {
		a := people[at]
		person.SetText(fmt.Sprintf("第%d位　%s　%s", a.Position, a.Name, a.Unit))
		texts.RemoveAll()
		if instead != "" {
			texts.Add(centred(instead))
		} else if onPanel(all, a.ID) == 0 {
			texts.Add(centred("此人员没有书面意见。" + b.carried()))
		}
		for _, o := range all {
			if o.Applicant != a.ID {
				continue
			}
			head := widget.NewLabelWithStyle(fmt.Sprintf("%s　%s　（%s）", b.roleName(o.Role), o.Expert, time.UnixMilli(o.At).In(china).Format("1月2日15:04")), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
			head.Importance, head.Wrapping = widget.HighImportance, fyne.TextWrapBreak
			text := widget.NewLabel(o.Text)
			text.SizeName, text.Wrapping = fynetheme.SizeNameSubHeadingText, fyne.TextWrapBreak
			texts.Add(head)
			texts.Add(text)
			texts.Add(widget.NewSeparator())
		}
		texts.Refresh()
	}
	by := func(height float32) func() {
		return func() {
			lowest := max(0, texts.MinSize().Height-scroll.Size().Height)
			scroll.ScrollToOffset(fyne.NewPos(0, min(max(0, scroll.Offset.Y+height), lowest)))
		}
	}
	other := func(n int) func() {
		return func() {
			at = max(0, min(at+n, len(people)-1))
			draw()
			scroll.ScrollToTop()
		}
	}
	b.show(screen{
		title: "书面意见", body: container.NewBorder(person, nil, nil, nil, scroll), hint: "↑↓ PgUp、PgDn 上下翻看　←→ 换人",
		keys: map[fyne.KeyName]func(){
			fyne.KeyUp: by(-60), fyne.KeyDown: by(60), fyne.KeyPageUp: by(-400), fyne.KeyPageDown: by(400), fyne.KeyHome: by(-1 << 20), fyne.KeyEnd: by(1 << 20),
			fyne.KeyLeft: other(-1), fyne.KeyRight: other(1), fyne.KeyF3: back,
		},
		actions: []action{{fyne.KeyEscape, "返回", back, true}},
	})
	draw()
	b.fetch(func(got []room.WrittenOpinion, err error) {
		if all, instead = got, ""; err != nil {
			instead = b.unread(err)
		}
		draw()
	})
}

// readBeside shows the opinions on the person under the cursor of the paper in hand, which is there again afterwards.
func (b *Booth) readBeside(count, at int, of func(int) ballot.Applicant) {
	var people []ballot.Applicant
	for i := range count {
		people = append(people, of(i))
	}
	if len(people) > 0 {
		b.read(people, at, nil, b.fill)
	}
}
