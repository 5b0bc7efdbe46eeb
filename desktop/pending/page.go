// Package pending is the page of what was done on this machine and what became of it: what still waits for the network, what the server has
// taken, and what it has refused, where the clerk decides (sync.md; ui.md).
package pending

import (
	"context"
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/cache"
	"zhiping/desktop/kit"
	"zhiping/desktop/outbox"
	"zhiping/desktop/syncer"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	"zhiping/shared/field"
)

// A Page is the list of what was done here.
type Page struct {
	Content fyne.CanvasObject

	syncer *syncer.Syncer
	box    *outbox.Outbox
	mirror *cache.Cache
	desk   *kit.Desk
	edit   func(proto.Message) bool
	rows   []row
	list   *widget.List
	note   *widget.Label
}

// row is one change as it is shown.
type row struct {
	*outbox.Mutation
	what   string // the records it is about
	reason string
}

// New draws the page. edit opens the form of a record with what was typed, false if there is none.
func New(s *syncer.Syncer, box *outbox.Outbox, mirror *cache.Cache, d *kit.Desk, edit func(proto.Message) bool) *Page {
	p := &Page{syncer: s, box: box, mirror: mirror, desk: d, edit: edit, note: widget.NewLabel("")}
	p.list = widget.NewList(func() int { return len(p.rows) }, newRow, p.update)
	again := widget.NewButtonWithIcon("立即同步", theme.ViewRefreshIcon(), s.Kick)
	note := widget.NewLabel("在本机办理的事项都记录在这里：断网时先保存，联网后自动提交。被退回或与他人冲突的，请逐项处理。")
	note.Wrapping = fyne.TextWrapWord
	p.Content = container.NewBorder(container.NewBorder(nil, nil, nil, again, note), p.note, nil, nil, p.list)
	return p
}

// most is how many changes the page shows.
const most = 300

// Load reads the changes again.
func (p *Page) Load() {
	var rows []row
	p.desk.Do(func() error {
		all, err := p.box.All(context.Background(), most)
		for _, m := range all {
			rows = append(rows, p.row(m))
		}
		return err
	}, func() {
		p.rows = rows
		p.note.SetText(fmt.Sprintf("显示最近 %d 项；已办理的保留30天。", len(rows)))
		if len(rows) == 0 {
			p.note.SetText("还没有在本机办理过事项。")
		}
		p.list.Refresh()
	})
}

// row says of a change in words what it was about and why it was refused.
func (p *Page) row(m *outbox.Mutation) row {
	r := row{Mutation: m}
	kind := kindOf(m.Procedure)
	ids := syncer.IDs(m)
	names, sent := map[string]string{}, syncer.Carried(m)
	for _, id := range ids {
		name := p.name(kind, id, sent[id])
		names[id] = name
		if len(r.what) < 60 {
			r.what += name + " "
		}
	}
	r.what = strings.TrimSpace(r.what)
	if len(ids) > 1 {
		r.what = fmt.Sprintf("%d 条：%s", len(ids), r.what)
	}
	if m.State == outbox.Rejected || m.State == outbox.Conflict {
		for id, f := range syncer.Faults(m) {
			if id != "" && len(ids) > 1 {
				r.reason += names[id] + "："
			}
			r.reason += f.Message + "　"
		}
	}
	return r
}

// name is what a person calls a record: as it is here, or as it was sent.
func (p *Page) name(kind, id string, sent proto.Message) string {
	if found, ok, err := p.mirror.Get(context.Background(), kind, id); err == nil && ok {
		if n := nameOf(found); n != "" {
			return n
		}
	}
	if n := nameOf(sent); n != "" {
		return n
	}
	return "（本机没有该记录）"
}

// kindOf is the kind of the records that a change is about, of "/zhiping.expert.v1.ExpertService/SaveExpert".
func kindOf(procedure string) string {
	return cache.KindOf(strings.Split(procedure, ".")[1], procedure[strings.LastIndex(procedure, "/")+1:])
}

func nameOf(m proto.Message) string {
	switch n := m.(type) {
	case interface{ GetName() string }:
		return n.GetName()
	case interface{ GetExpert() *expertv1.Expert }: // a recommendation goes by the person's name
		return n.GetExpert().GetName()
	}
	return ""
}

// stateNames are the states as people call them.
var stateNames = map[string]string{outbox.Pending: "待同步", outbox.Applied: "已办理", outbox.Rejected: "被退回", outbox.Conflict: "有冲突"}

func newRow() fyne.CanvasObject {
	state := widget.NewLabel("")
	state.TextStyle.Bold = true
	reason := widget.NewLabel("")
	reason.Truncation = fyne.TextTruncateEllipsis
	what := widget.NewLabel("")
	what.Truncation = fyne.TextTruncateEllipsis
	open := widget.NewButton("处理", nil)
	return container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSize(70, 32), state), container.NewGridWrap(fyne.NewSize(60, 32), open), container.NewGridWithColumns(2, what, reason))
}

func (p *Page) update(i widget.ListItemID, o fyne.CanvasObject) {
	r := p.rows[i]
	parts := o.(*fyne.Container).Objects
	lines := parts[0].(*fyne.Container).Objects
	state := parts[1].(*fyne.Container).Objects[0].(*widget.Label)
	open := parts[2].(*fyne.Container).Objects[0].(*widget.Button)
	lines[0].(*widget.Label).SetText(fmt.Sprintf("%s　%s　%s", when(r.At), syncer.Label(r.Procedure), r.what))
	text := r.reason
	if r.Choice != "" {
		text = r.Choice + "　" + text
	}
	reason := lines[1].(*widget.Label)
	reason.Importance = widget.LowImportance
	state.Importance = widget.MediumImportance
	open.Hide()
	switch {
	case r.State == outbox.Pending:
		state.Importance = widget.WarningImportance
		if time.Since(time.UnixMilli(r.At)) > stuck && !r.GivenUp() {
			open.OnTapped = func() { p.giveUp(r) }
			open.Show()
		}
	case r.State == outbox.Applied:
		state.Importance = widget.SuccessImportance
	case r.Choice == "":
		state.Importance, reason.Importance = widget.DangerImportance, widget.DangerImportance
		open.OnTapped = func() { p.decide(r) }
		open.Show()
	}
	state.SetText(stateNames[r.State])
	reason.SetText(text)
}

var china = time.FixedZone("+08:00", 8*60*60)

func when(ms int64) string { return time.UnixMilli(ms).In(china).Format("01-02 15:04") }

// stuck is how long a change has to wait before the clerk may give it up.
const stuck = 10 * time.Minute

// giveUp asks before a change that cannot get through is given up: whatever stands behind it waits for it.
func (p *Page) giveUp(r row) {
	p.desk.Confirm("放弃操作", fmt.Sprintf("“%s　%s”还没有提交到服务器。放弃后不再提交，排在它后面的操作可以继续。", syncer.Label(r.Procedure), r.what), "放弃这项操作", func() {
		p.do(func() error { return p.syncer.Skip(context.Background(), r.Mutation) })
	})
}

// decide shows mine and theirs side by side and lets the clerk take one (sync.md).
func (p *Page) decide(r row) {
	ids := syncer.IDs(r.Mutation)
	kind := kindOf(r.Procedure)
	var theirs proto.Message
	var by string
	var at time.Time
	p.desk.Do(func() (err error) {
		if len(ids) > 0 {
			theirs, by, at, err = p.mirror.Base(context.Background(), kind, ids[0])
		}
		return err
	}, func() {
		head := widget.NewLabel(r.reason)
		head.Wrapping = fyne.TextWrapWord
		head.Importance = widget.DangerImportance
		who := widget.NewLabel("")
		if by != "" {
			who.SetText(fmt.Sprintf("服务器上的内容由 %s 于 %s 修改。", by, at.In(china).Format("01-02 15:04")))
		}
		table := compare(syncer.Mine(r.Mutation), theirs)
		choices := []kit.Choice{
			{Title: "采用本机内容，重新提交", Do: func() { p.do(func() error { return p.syncer.Redo(context.Background(), r.Mutation) }) }},
			{Title: "采用服务器内容，放弃本机操作", Do: func() { p.do(func() error { return p.syncer.GiveUp(context.Background(), r.Mutation) }) }},
		}
		if mine := syncer.Record(r.Mutation); mine != nil {
			choices = append(choices, kit.Choice{Title: "打开修改", Do: func() { p.correct(r, mine) }})
		}
		p.desk.Choose(syncer.Label(r.Procedure)+"："+r.what, container.NewBorder(container.NewVBox(head, who), nil, nil, nil, table), choices...)
	})
}

// correct opens what was refused in its form, as it was typed; saved there it is a new change.
func (p *Page) correct(r row, mine proto.Message) {
	mine = proto.Clone(mine)
	p.desk.Do(func() error { return p.syncer.Rebase(context.Background(), mine) }, func() {
		if p.edit(mine) {
			p.do(func() error { return p.box.Decide(context.Background(), r.Number, "已打开修改") })
		}
	})
}

func (p *Page) do(call func() error) { p.desk.Do(call, p.Load) }

// compare draws what differs: label, mine, theirs.
func compare(mine, theirs proto.Message) fyne.CanvasObject {
	rows := container.NewVBox(container.NewGridWithColumns(3, bold("项目"), bold("本机内容"), bold("服务器内容")), widget.NewSeparator())
	for _, line := range Differences(mine, theirs) {
		row := container.NewGridWithColumns(3)
		for _, text := range line {
			l := widget.NewLabel(text)
			l.Wrapping = fyne.TextWrapBreak
			row.Add(l)
		}
		rows.Add(row)
	}
	scroll := container.NewVScroll(rows)
	scroll.SetMinSize(fyne.NewSize(760, 260))
	return scroll
}

func bold(s string) *widget.Label {
	return widget.NewLabelWithStyle(s, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
}

// Differences are the fields in which two messages differ, as label, mine and theirs. Of messages of different kinds - an action on a record -
// it is what the action says and where the record stands.
func Differences(mine, theirs proto.Message) [][3]string {
	var all [][3]string
	if mine == nil {
		return nil
	}
	same := theirs != nil && mine.ProtoReflect().Descriptor() == theirs.ProtoReflect().Descriptor()
	for _, f := range field.All(mine.ProtoReflect().Descriptor()) {
		a, b := f.Text(mine), ""
		if same {
			if f.GetDerived() {
				continue // follows from others
			}
			b = f.Text(theirs)
		}
		if a != b {
			all = append(all, [3]string{f.GetLabel(), a, b})
		}
	}
	if theirs == nil {
		return append(all, [3]string{"记录", "", "服务器上已没有该记录，或不再对本单位可见"})
	}
	if !same {
		for _, f := range field.All(theirs.ProtoReflect().Descriptor()) {
			if f.GetDerived() && f.Desc.Message() == nil {
				if text := f.Text(theirs); text != "" {
					all = append(all, [3]string{f.GetLabel(), "", text})
				}
			}
		}
	}
	return all
}
