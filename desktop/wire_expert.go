package main

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/expert"
	"zhiping/desktop/home"
	"zhiping/desktop/kit"
	"zhiping/desktop/shell"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	expertrules "zhiping/shared/expert"
)

type (
	expertRow          = *expertv1.Expert
	expertPage         = *kit.ListPage[expertRow]
	recommendationRow  = *expertv1.Recommendation
	recommendationPage = *kit.ListPage[recommendationRow]
)

// expertMenu is the part of features C4 and C5.
func (p *program) expertMenu() []shell.Item {
	c := p.client.Experts()
	pools := expert.Pools(c, p.mirror)
	reviews := expert.Review(c, p.mirror)
	experts, recommended := expert.Experts(c, p.mirror), expert.Recommended(c, p.mirror)
	p.pool = func() *expert.PoolPage {
		return expert.NewPool(p.committees, experts, recommended, c, p.desk, p.opens())
	}
	p.members = func(of *committeev1.Committee) (fyne.CanvasObject, func()) {
		return expert.NewMembers(experts, p.desk, of, p.opens())
	}
	keep := listItem(p, committeeGroup, commonv1.Right_RIGHT_EXPERT_EDIT, experts, p.openExpert)
	keep.Open = func() *shell.Page { return p.poolPage("") }
	p.sources[keep.Title] = func(show func(string)) []home.Source {
		waiting := home.Of(recommended, func(string) { show(expert.Recommending) }) // a tab of the same page
		for i := range waiting {
			waiting[i].Title = keep.Title
		}
		return append(home.Of(experts, show), waiting...)
	}
	review := listItem(p, committeeGroup, commonv1.Right_RIGHT_EXPERT_REVIEW, pools, func(pool *expertv1.Pool, _ *kit.ListPage[*expertv1.Pool]) {
		one := *reviews
		var page expertPage
		page = kit.NewListPage(&one, p.desk.Run, func(e expertRow) { p.reviewExpert(e, page) }, p.expertMoves()...)
		page.Model.Narrow("committee_id", pool.Id)
		out := pageOf(p, page)
		out.Key, out.Title = "pool-review "+pool.Id, pool.Name
		p.shell.Open(p.withPosts(out, reviewv1.Matter_MATTER_EXPERT))
	})
	return []shell.Item{keep, review, p.recommendItem()}
}

// expertMoves are the batch buttons of the review (C5).
func (p *program) expertMoves() []kit.Action[expertRow] {
	c := p.client.Experts()
	approve := &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE, Opinion: "同意"}
	return []kit.Action[expertRow]{
		batch(p, "批量通过", func(rows []expertRow) error { return expert.Move(c, rows, approve) }),
		{Title: "批量退回", Run: func(rows []expertRow, done func()) {
			kit.AskReturn(p.desk, len(rows), "专家", func(a *reviewv1.Action) {
				p.desk.Do(func() error { return expert.Move(c, rows, a) }, done)
			})
		}},
	}
}

// recommendItem is the list of the unit's own recommendations, with a button for a new one (C4).
func (p *program) recommendItem() shell.Item {
	c := p.client.Experts()
	own := expert.Own(c, p.mirror)
	it := listItem(p, committeeGroup, commonv1.Right_RIGHT_EXPERT_EDIT, own, p.openRecommendation,
		batch(p, "提交", func(rows []recommendationRow) error { return expert.SubmitRecommendations(c, rows) }),
		batch(p, "撤回", func(rows []recommendationRow) error {
			return expert.MoveRecommendations(c, rows, &reviewv1.Action{Move: reviewv1.Move_MOVE_WITHDRAW})
		}))
	open := it.Open
	it.Open = func() *shell.Page {
		page := open()
		add := widget.NewButtonWithIcon("新增推荐", fynetheme.ContentAddIcon(), func() {
			const key = "new-recommendation"
			content, load := expert.NewRecommend(p.client.Committees(), c, p.desk, func() {
				p.shell.Close(key)
				page.Refresh()
			})
			p.shell.Open(&shell.Page{Key: key, Help: "recommendation-own", Title: "新增推荐", Content: content, Refresh: load})
		})
		add.Importance = widget.HighImportance
		page.Content = container.NewBorder(container.NewHBox(add), nil, nil, nil, page.Content)
		return page
	}
	return it
}

const poolKey = "expert-pool"

// poolPage is the page of the pools, on a committee or on none yet.
func (p *program) poolPage(committeeID string) *shell.Page {
	pool := p.pool()
	if committeeID != "" {
		pool.Choose(committeeID)
	}
	return &shell.Page{Key: poolKey, Help: "pool", Title: "专家库管理", Content: pool.Content, Refresh: pool.Load, Follow: pool.Load, Kinds: []string{"expert", "recommendation"}, Search: pool.Search, Show: pool.Show}
}

// openPool opens the pools' page anew on a committee.
func (p *program) openPool(committeeID string) {
	p.shell.Close(poolKey)
	p.shell.Open(p.poolPage(committeeID))
}

// opens are the pages that the pool's page opens.
func (p *program) opens() expert.Opens {
	return expert.Opens{
		Expert:         p.openExpert,
		Recommendation: p.openRecommendation,
		Add:            func(c *committeev1.Committee) { p.editExpert(expert.New(c), func() {}) },
		Import: func(c *committeev1.Committee) {
			i := expert.NewImport(c, p.client.Experts(), p.desk)
			key := "import-experts " + c.Id
			p.dropping[key] = i.Read
			p.shell.Open(&shell.Page{Key: key, Help: "expert-import", Title: "批量新增专家：" + c.Name, Content: i.Content})
		},
	}
}

// openExpert opens the form of an expert who is still to be handed in, the page of any other.
func (p *program) openExpert(e expertRow, from expertPage) {
	if s := expertrules.State(e); e.UnitId == p.desk.By.UnitID && (s == expertrules.Draft || s == expertrules.Returned) {
		p.editExpert(e, from.Load)
		return
	}
	p.showExpert(e, from)
}

func (p *program) editExpert(e expertRow, done func()) {
	key := "edit-expert " + e.Id
	title := "新增专家"
	if e.Revision != 0 {
		title = "编辑 " + e.Name
	}
	edit := expert.NewEdit(e, p.client.Experts(), p.desk, func() {
		p.shell.Close(key)
		done()
	})
	p.shell.Open(&shell.Page{Key: key, Help: "expert-edit", Title: title, Content: edit.Content, Save: edit.Save})
}

// showExpert is an expert's page; the forming unit can change, take out and put back.
func (p *program) showExpert(e expertRow, from expertPage) {
	c := p.client.Experts()
	casePage(p, e, e.Name, from, func(e expertRow, done func()) (fyne.CanvasObject, func()) {
		var buttons []fyne.CanvasObject
		ask := func(title, note string, do func(string) error) fyne.CanvasObject {
			return widget.NewButton(title, func() {
				expert.AskReason(p.desk, title, note, func(reason string) { p.desk.Do(func() error { return do(reason) }, done) })
			})
		}
		if e.UnitId == p.desk.By.UnitID {
			switch expertrules.State(e) {
			case expertrules.Active:
				buttons = append(buttons, widget.NewButtonWithIcon("编辑", fynetheme.DocumentCreateIcon(), func() {
					p.shell.Close(caseKey(from, e.Id)) // it would go on showing what was
					p.editExpert(e, from.Load)
				}),
					ask("移出专家库", "移出后不参加抽选，可重新入库。", func(reason string) error { return expert.Remove(c, []expertRow{e}, reason) }))
			case expertrules.Removed:
				buttons = append(buttons, ask("重新入库", "曾审核通过的直接回到在库；其他的须重新提交审核。", func(reason string) error { return expert.Restore(c, []expertRow{e}, reason) }))
			}
		}
		content, panel := expert.NewPage(e, c, p.desk, done, buttons...)
		return content, panel.Approve
	}, p.showExpert)
}

// reviewExpert opens an expert with the review of the authorising unit (C5).
func (p *program) reviewExpert(e expertRow, from expertPage) {
	casePage(p, e, e.Name, from, func(e expertRow, done func()) (fyne.CanvasObject, func()) {
		content, panel := expert.NewPage(e, p.client.Experts(), p.desk, done)
		return content, panel.Approve
	}, p.reviewExpert)
}

// openRecommendation opens the form of one that the unit still makes, the page with its review of any other.
func (p *program) openRecommendation(r recommendationRow, from recommendationPage) {
	if r.UnitId == p.desk.By.UnitID && expert.RecommendationEditable(r) {
		key := "edit-recommendation " + r.Id
		p.shell.Open(&shell.Page{Key: key, Help: "recommendation-own", Title: "推荐 " + r.Expert.GetName(), Content: expert.NewRecommendation(r, p.client.Experts(), p.desk, func() {
			p.shell.Close(key)
			from.Load()
		})})
		return
	}
	casePage(p, r, "推荐 "+r.Expert.GetName(), from, func(r recommendationRow, done func()) (fyne.CanvasObject, func()) {
		content, panel := expert.NewRecommended(r, p.client.Experts(), p.desk, done)
		return content, panel.Approve
	}, p.openRecommendation)
}
