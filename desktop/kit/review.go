package kit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/field"
	"zhiping/shared/review"
)

var moveNames = map[reviewv1.Move]string{reviewv1.Move_MOVE_APPROVE: "通过", reviewv1.Move_MOVE_RETURN: "退回", reviewv1.Move_MOVE_REFUSE: "不通过", reviewv1.Move_MOVE_WITHDRAW: "撤回"}

// commonOpinions are offered until the person has kept others (D4).
var commonOpinions = []string{"材料齐全，同意上报", "经审核，符合申报条件", "材料不完整，请补充", "业绩材料与申报专业不符"}

// A ReviewPanel is the right side of a detail page: opinion, common opinions, where to return to, and the buttons that the state allows.
type ReviewPanel struct {
	Content fyne.CanvasObject
	Opinion *Entry
	buttons map[reviewv1.Move]*widget.Button
	to      *widget.Select
	places  map[string]int32
	defects *defectList
	common  *fyne.Container
	single  *fyne.Container // that the unit has no review posts; nil if it has
}

// NewReviewPanel draws the panel for a case and the person who looks at it; act is asked to make the move.
func NewReviewPanel(c *reviewv1.Case, by review.Actor, act func(*reviewv1.Action)) *ReviewPanel {
	p := &ReviewPanel{Opinion: NewParagraph(5), buttons: map[reviewv1.Move]*widget.Button{}, places: map[string]int32{}, defects: newDefectList()}
	p.Opinion.SetPlaceHolder("审核意见（退回、不通过时必填）")
	p.common = container.NewStack(p.offered(commonOpinions))
	p.to = widget.NewSelect(p.choices(c), nil)
	p.to.PlaceHolder = "退回至"
	p.to.SetSelectedIndex(0)
	may := review.May(c, by)
	if !slices.Contains(may, reviewv1.Move_MOVE_RETURN) {
		p.to.Hide()
	}
	row := container.NewGridWithColumns(3)
	for _, m := range may {
		b := widget.NewButton(moveNames[m], nil)
		b.OnTapped = func() { act(p.action(m)) }
		switch m {
		case reviewv1.Move_MOVE_APPROVE:
			b.Importance = widget.HighImportance
		case reviewv1.Move_MOVE_REFUSE:
			b.Importance = widget.DangerImportance
			b.OnTapped = twice(b, b.OnTapped)
		}
		p.buttons[m] = b
		row.Add(b)
	}
	box := container.NewVBox(widget.NewLabelWithStyle("审核意见", fyne.TextAlignLeading, fyne.TextStyle{Bold: true}))
	if len(may) == 0 {
		box.Add(widget.NewLabel("当前状态：" + review.StageLabel(c.GetStage())))
	} else {
		if slices.Contains(may, reviewv1.Move_MOVE_APPROVE) && len(c.Route[c.At].Posts) == 0 {
			p.single = container.NewStack(noPosts())
			box.Add(p.single)
		}
		box.Add(p.common)
		box.Add(p.Opinion)
		box.Add(p.defects.content)
		box.Add(p.to)
		box.Add(row)
	}
	box.Add(widget.NewSeparator())
	box.Add(widget.NewLabelWithStyle("经办流程", fyne.TextAlignLeading, fyne.TextStyle{Bold: true}))
	p.Content = container.NewBorder(box, nil, nil, nil, container.NewVScroll(NewProcess(c)))
	return p
}

// noPosts says that the unit that has the case has no review posts for the matter (A5).
func noPosts() fyne.CanvasObject {
	l := widget.NewLabel("本单位未设置【单位内部多岗审核】")
	l.Importance = widget.LowImportance
	return l
}

// choices are the places a case can be returned to.
func (p *ReviewPanel) choices(c *reviewv1.Case) []string {
	names := []string{"退回至：提交单位"}
	p.places[names[0]] = review.Origin
	for i, n := range c.GetRoute() {
		if int32(i) < c.At {
			s := "退回至：" + n.UnitName
			names = append(names, s)
			p.places[s] = int32(i)
		}
	}
	return names
}

func (p *ReviewPanel) action(m reviewv1.Move) *reviewv1.Action {
	a := &reviewv1.Action{Move: m, Opinion: strings.TrimSpace(p.Opinion.Text)}
	if m == reviewv1.Move_MOVE_RETURN {
		a.To = p.places[p.to.Selected]
	}
	if m == reviewv1.Move_MOVE_RETURN || m == reviewv1.Move_MOVE_REFUSE {
		p.defects.add() // what was typed and not yet put into the list counts too
		a.Defects = p.defects.all
	}
	return a
}

// Material tells the panel which fields the material has, so that defects can name them (Article 18: all defects are told at once).
func (p *ReviewPanel) Material(sections ...Section) {
	if p.buttons[reviewv1.Move_MOVE_RETURN] != nil || p.buttons[reviewv1.Move_MOVE_REFUSE] != nil {
		p.defects.offer(sections)
	}
}

func (p *ReviewPanel) offered(opinions []string) *widget.Select {
	s := widget.NewSelect(opinions, func(s string) { p.Opinion.SetText(s) })
	s.PlaceHolder = "常用意见"
	return s
}

// Opinions are a person's common opinions (D4).
type Opinions interface {
	// List gives them, nil if the person has not kept any.
	List() []string
	// Keep replaces them.
	Keep([]string) error
}

// mostOpinions is how many a person can keep; a list that needs scrolling is slower than typing.
const mostOpinions = 20

// Common offers the person's own opinions, with the ways to keep the present one and to edit them all (D4); and to who may set up review posts,
// the way there.
func (p *ReviewPanel) Common(d *Desk) {
	if p.single != nil && d.Posts != nil {
		p.single.Objects = []fyne.CanvasObject{container.NewBorder(nil, nil, nil, widget.NewButton("去配置", d.Posts), noPosts())}
		p.single.Refresh()
	}
	if d.Opinions == nil {
		return
	}
	all := d.Opinions.List()
	if all == nil {
		all = commonOpinions
	}
	keep := func(all []string) {
		d.Do(func() error { return d.Opinions.Keep(all) }, func() { p.Common(d) })
	}
	add := widget.NewButton("存为常用", func() {
		text := strings.TrimSpace(p.Opinion.Text)
		if text != "" && !slices.Contains(all, text) {
			keep(append([]string{text}, all...)[:min(len(all)+1, mostOpinions)])
		}
	})
	edit := widget.NewButton("编辑", func() {
		lines := NewParagraph(8)
		lines.SetText(strings.Join(all, "\n"))
		d.Ask("编辑常用意见（每行一条）", lines, "保存", func() {
			var kept []string
			for l := range strings.SplitSeq(lines.Text, "\n") {
				if l = strings.TrimSpace(l); l != "" && !slices.Contains(kept, l) && len(kept) < mostOpinions {
					kept = append(kept, l)
				}
			}
			keep(kept)
		})
	})
	p.common.Objects = []fyne.CanvasObject{container.NewBorder(nil, nil, nil, container.NewHBox(add, edit), p.offered(all))}
	p.common.Refresh()
}

// AskReturn asks for the reason and gives the move that returns n cases to where they came from; what names them.
func AskReturn(d *Desk, n int, what string, do func(*reviewv1.Action)) {
	AskWhy(d, fmt.Sprintf("退回 %d 个%s", n, what), "", "退回原因（必填），将告知提交单位", "退回", func(why string) {
		do(&reviewv1.Action{Move: reviewv1.Move_MOVE_RETURN, Opinion: why, To: review.Origin})
	})
}

// AskWhy asks for a reason, without which do is not called: it is asked for again. note stands above it, hint in it.
func AskWhy(d *Desk, title, note, hint, button string, do func(why string)) {
	text := NewParagraph(4)
	text.SetPlaceHolder(hint)
	above := widget.NewLabel(note)
	above.Wrapping = fyne.TextWrapWord
	lacking := widget.NewLabel("请填写原因")
	lacking.Importance = widget.DangerImportance
	lacking.Hide()
	content := container.NewVBox(text, lacking)
	if note != "" {
		content = container.NewVBox(above, text, lacking)
	}
	var ask func()
	ask = func() {
		d.Ask(title, content, button, func() {
			if why := strings.TrimSpace(text.Text); why != "" {
				do(why)
				return
			}
			lacking.Show()
			ask()
		})
	}
	ask()
}

// twice makes a button ask again by itself: the first press only renames it.
func twice(b *widget.Button, do func()) func() {
	sure := false
	return func() {
		if sure {
			do()
			return
		}
		sure = true
		b.SetText("确认" + b.Text)
	}
}

// Approve presses the button, for the keyboard; nothing happens when it is not offered.
func (p *ReviewPanel) Approve() {
	if b := p.buttons[reviewv1.Move_MOVE_APPROVE]; b != nil {
		b.OnTapped()
	}
}

var china = time.FixedZone("+08:00", 8*60*60)

// NewProcess shows who did what, when, with which opinion (D5).
func NewProcess(c *reviewv1.Case) fyne.CanvasObject {
	all := container.NewVBox()
	for i, s := range c.GetSteps() {
		who := fmt.Sprintf("%d. %s　%s　%s", i+1, time.UnixMilli(s.At).In(china).Format("2006-01-02 15:04"), s.UnitName, field.Label(s.Move))
		l := widget.NewLabel(who)
		l.Wrapping = fyne.TextWrapWord
		all.Add(l)
		text := s.Opinion
		for _, d := range s.Defects {
			text += "\n· " + d.Text
		}
		if text = strings.TrimSpace(text); text != "" {
			o := widget.NewLabel("　　" + text)
			o.Wrapping = fyne.TextWrapWord
			o.Importance = widget.LowImportance
			all.Add(o)
		}
	}
	return all
}

// LastWord is what was said when a case was moved last - why it came back -, with its list of defects; "" for one that nobody moved.
func LastWord(c *reviewv1.Case) string {
	steps := c.GetSteps()
	if len(steps) == 0 {
		return ""
	}
	last := steps[len(steps)-1]
	text := last.UnitName + " " + moveNames[last.Move] + "：" + last.Opinion
	for _, d := range last.Defects {
		text += "\n· " + d.Text
	}
	return text
}
