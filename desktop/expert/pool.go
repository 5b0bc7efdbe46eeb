package expert

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/list"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	committees "zhiping/shared/committee"
	rules "zhiping/shared/expert"
)

// A PoolPage is the expert pools of the unit (C4): a committee is chosen first, then its experts stand under their tabs.
type PoolPage struct {
	Content fyne.CanvasObject

	desk    *kit.Desk
	from    list.Source[*committeev1.Committee]
	opens   Opens
	pick    *widget.Select
	note    *kit.Banner
	body    *fyne.Container
	tabs    *container.AppTabs
	stages  []*stage
	all     []*committeev1.Committee
	chosen  *committeev1.Committee
	buttons []*widget.Button
}

// Opens are the pages that the pool's page opens.
type Opens struct {
	Expert         func(message, *kit.ListPage[message])
	Recommendation func(recommendation, *kit.ListPage[recommendation])
	Add            func(*committeev1.Committee)
	Import         func(*committeev1.Committee)
}

// stage is one tab of the pool.
type stage struct {
	state, title string
	item         *container.TabItem
	load         func()
	narrow       func(committeeID string)
	search       func(fyne.Canvas)
}

// Recommending names the tab of recommendations, which are records of their own.
const Recommending = "RECOMMENDED"

// NewPool draws the page. committees are those the unit forms.
func NewPool(from list.Source[*committeev1.Committee], experts *list.List[message], recommended *list.List[recommendation], c client, d *kit.Desk, opens Opens) *PoolPage {
	p := &PoolPage{desk: d, from: from, opens: opens, note: kit.NewBanner(), body: container.NewStack()}
	p.pick = widget.NewSelect(nil, func(string) { p.choose(p.all[p.pick.SelectedIndex()]) })
	p.pick.PlaceHolder = "请先选择评委会"
	submit := p.action("提交审核", func(rows []message) error { return Submit(c, rows) })
	remove := p.reason("移出专家库", "移出后不参加抽选，可重新入库。", func(rows []message, reason string) error { return Remove(c, rows, reason) })
	restore := p.reason("重新入库", "曾审核通过的直接回到在库；其他的须重新提交审核。", func(rows []message, reason string) error { return Restore(c, rows, reason) })
	p.expertStage(experts, rules.Draft, "待提交", submit, remove)
	p.recommendedStage(recommended, c)
	p.expertStage(experts, rules.Review, "审核中", p.action("撤回", func(rows []message) error { return Withdraw(c, rows) }))
	p.expertStage(experts, rules.Active, "在库", remove)
	p.expertStage(experts, rules.Returned, "已退回", submit, remove)
	p.expertStage(experts, rules.Removed, "已移出", restore)
	p.tabs = container.NewAppTabs()
	for _, s := range p.stages {
		p.tabs.Append(s.item)
	}
	p.tabs.OnSelected = func(*container.TabItem) { p.current().load() }
	add := widget.NewButtonWithIcon("新增专家", theme.ContentAddIcon(), func() { opens.Add(p.chosen) })
	bring := widget.NewButtonWithIcon("批量新增", theme.UploadIcon(), func() { opens.Import(p.chosen) })
	add.Importance = widget.HighImportance
	p.buttons = []*widget.Button{add, bring}
	for _, b := range p.buttons {
		b.Disable()
	}
	top := container.NewBorder(nil, nil, widget.NewLabel("评委会"), container.NewHBox(add, bring), p.pick)
	p.note.Say("请先选择评委会，再办理该评委会的专家库业务。", widget.MediumImportance)
	p.Content = container.NewBorder(container.NewVBox(top, p.note.Content), nil, nil, nil, p.body)
	return p
}

func (p *PoolPage) current() *stage {
	for _, s := range p.stages {
		if s.item == p.tabs.Selected() {
			return s
		}
	}
	return p.stages[0]
}

// action is a button for chosen experts.
func (p *PoolPage) action(title string, do func([]message) error) kit.Action[message] {
	return kit.Action[message]{Title: title, Run: func(rows []message, done func()) {
		p.desk.Run(func() func() {
			err := do(rows)
			return func() {
				p.desk.Fail(err)
				done()
				p.count()
			}
		})
	}}
}

// reason is a button that asks why first.
func (p *PoolPage) reason(title, note string, do func([]message, string) error) kit.Action[message] {
	return kit.Action[message]{Title: title, Run: func(rows []message, done func()) {
		AskReason(p.desk, title, fmt.Sprintf("%d 人。%s", len(rows), note), func(reason string) {
			p.action(title, func(rows []message) error { return do(rows, reason) }).Run(rows, done)
		})
	}}
}

// AskReason asks for a reason, which is kept with the expert.
func AskReason(d *kit.Desk, title, note string, do func(string)) {
	kit.AskWhy(d, title, note, "原因（必填）", title, do)
}

func (p *PoolPage) expertStage(l *list.List[message], state, title string, actions ...kit.Action[message]) {
	one := *l
	one.Title = "专家库（" + title + "）" // names the workbook of an export
	one.Empty = "没有" + title + "的专家。"
	if state == rules.Draft {
		one.Empty = "没有待提交的专家。点“新增专家”逐个填写，或点“批量新增”从Excel导入。"
	}
	var page *kit.ListPage[message]
	page = kit.NewListPage(&one, p.desk.Run, func(e message) { p.opens.Expert(e, page) }, actions...)
	page.Exports(p.desk)
	page.Model.Choose(state)
	page.Loaded = func() { p.show(page.Model.Counts) }
	p.stages = append(p.stages, &stage{
		state: state, title: title, item: container.NewTabItem(title, page.Content), load: page.Load, search: page.Search,
		narrow: func(id string) { page.Model.Narrow(ofPool, id) },
	})
}

func (p *PoolPage) recommendedStage(l *list.List[recommendation], c client) {
	one := *l
	var page *kit.ListPage[recommendation]
	move := func(a *reviewv1.Action) func(rows []recommendation, done func()) {
		return func(rows []recommendation, done func()) {
			p.desk.Run(func() func() {
				err := MoveRecommendations(c, rows, a)
				return func() {
					p.desk.Fail(err)
					done()
					p.count()
				}
			})
		}
	}
	page = kit.NewListPage(&one, p.desk.Run, func(r recommendation) { p.opens.Recommendation(r, page) },
		kit.Action[recommendation]{Title: "批量接收", Run: move(&reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE, Opinion: "同意接收"})},
		kit.Action[recommendation]{Title: "批量退回", Run: func(rows []recommendation, done func()) {
			kit.AskReturn(p.desk, len(rows), "推荐", func(a *reviewv1.Action) { move(a)(rows, done) })
		}})
	page.Exports(p.desk)
	page.Model.Choose(reviewv1.Tab_TAB_FIRST.String())
	s := &stage{state: Recommending, title: "下级推荐待审核", load: page.Load, search: page.Search, narrow: func(id string) { page.Model.Narrow(ofPool, id) }}
	s.item = container.NewTabItem(s.title, page.Content)
	page.Loaded = func() {
		s.item.Text = fmt.Sprintf("%s %d", s.title, page.Model.Counts[reviewv1.Tab_TAB_FIRST.String()])
		p.tabs.Refresh()
	}
	p.stages = append(p.stages, s)
}

// show puts the numbers on the tabs.
func (p *PoolPage) show(counts map[string]int64) {
	for _, s := range p.stages {
		if s.state != Recommending {
			s.item.Text = fmt.Sprintf("%s %d", s.title, counts[s.state])
		}
	}
	p.tabs.Refresh()
}

// count brings the numbers up to date: every experts' list knows all of them, the recommendations are counted apart.
func (p *PoolPage) count() {
	if p.chosen == nil {
		return
	}
	p.current().load()
	for _, s := range p.stages {
		if s.state == Recommending && s != p.current() {
			s.load()
		}
	}
	if p.current().state == Recommending {
		p.stages[0].load()
	}
}

// mostCommittees is how many committees are offered; a unit forms a few.
const mostCommittees = 200

// Load reads the unit's committees again, and the chosen pool.
func (p *PoolPage) Load() {
	p.desk.Run(func() func() {
		all, _, err := p.from(context.Background(), &commonv1.Query{Scope: "own", Size: mostCommittees})
		return func() {
			if err != nil && len(all) == 0 {
				p.desk.Fail(err)
				return
			}
			p.all = all
			var names []string
			for _, c := range all {
				names = append(names, c.Name)
			}
			p.pick.SetOptions(names)
			switch {
			case p.chosen != nil:
				p.Choose(p.chosen.Id)
			case len(all) == 1:
				p.Choose(all[0].Id)
			case len(all) == 0:
				p.note.Say("本单位还没有评委会。请先在“评委会备案申报”中新增评委会。", widget.WarningImportance)
			}
		}
	})
}

// Choose chooses a committee by its id; before the first Load it is remembered.
func (p *PoolPage) Choose(id string) {
	p.chosen = &committeev1.Committee{Id: id}
	for i, c := range p.all {
		if c.Id == id {
			p.chosen = c
			p.pick.SetSelectedIndex(i)
			if len(p.body.Objects) > 0 {
				p.choose(c)
			}
			return
		}
	}
}

func (p *PoolPage) choose(c *committeev1.Committee) {
	p.chosen = c
	p.note.Say("", widget.MediumImportance)
	if c.FiledOn == "" && committees.State(c) == committees.Draft {
		p.note.Say("该评委会尚未提交备案。专家各项信息需完善，未完善不可提交备案。", widget.MediumImportance)
	}
	for _, s := range p.stages {
		s.narrow(c.Id)
	}
	p.body.Objects = []fyne.CanvasObject{p.tabs}
	p.body.Refresh()
	for _, b := range p.buttons {
		b.Enable()
	}
	p.count()
}

// Show shows a state's tab.
func (p *PoolPage) Show(state string) {
	for _, s := range p.stages {
		if s.state == state {
			p.tabs.Select(s.item)
		}
	}
}

// Search puts the cursor into the filter bar of the tab that is shown.
func (p *PoolPage) Search(c fyne.Canvas) { p.current().search(c) }

// NewMembers draws the experts of a committee for the second step of its wizard (C2), with what each still lacks; add and bring open the form and
// the import.
func NewMembers(l *list.List[message], d *kit.Desk, c *committeev1.Committee, opens Opens) (fyne.CanvasObject, func()) {
	one := *l
	one.Empty = "还没有专家。点“新增专家”逐个填写，或点“批量新增”从Excel导入。"
	var page *kit.ListPage[message]
	page = kit.NewListPage(&one, d.Run, func(e message) { opens.Expert(e, page) })
	page.Model.Narrow(ofPool, c.Id)
	note := widget.NewLabel("专家各项信息需完善，未完善不可提交。“信息是否完整”一栏写明每人还缺什么。")
	note.Wrapping = fyne.TextWrapWord
	buttons := container.NewHBox(widget.NewButtonWithIcon("新增专家", theme.ContentAddIcon(), func() { opens.Add(c) }), widget.NewButtonWithIcon("批量新增", theme.UploadIcon(), func() { opens.Import(c) }))
	table := container.NewBorder(container.NewVBox(note, buttons), nil, nil, nil, page.Content)
	return container.New(tall{}, table), page.Load
}

// tall gives a list within a scrolling step a height of its own.
type tall struct{}

const listHeight = 380

// Layout implements fyne.Layout.
func (tall) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(size)
	}
}

// MinSize implements fyne.Layout.
func (tall) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(objects[0].MinSize().Width, listHeight)
}

// title names an expert's page.
func title(e *expertv1.Expert) string {
	if e.Name == "" {
		return "新增专家"
	}
	return "专家 " + e.Name
}
