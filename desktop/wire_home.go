package main

import (
	"context"

	"zhiping/desktop/clock"
	"zhiping/desktop/home"
	"zhiping/desktop/kit"
	"zhiping/desktop/list"
	"zhiping/desktop/shell"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	rules "zhiping/shared/home"
	"zhiping/shared/right"
)

// home is the first page: what is to be done in the lists that the person may open, what the unit is and what its committees do.
func (p *program) home(items []shell.Item) *shell.Page {
	who := p.client.Identity
	parts := home.Parts{Unit: who.Unit, Now: p.unitNow, Sources: append(p.toDo(items), p.undecided()), Count: home.Counter(p.mirror, p.client.Home()), News: p.news}
	if right.Allowed(commonv1.Right_RIGHT_COMMITTEE_EDIT, who.Unit.GetKind()) && who.Unit.GetAuthorised() {
		parts.Supervision = p.supervision()
	}
	page := home.New(p.desk, parts)
	return &shell.Page{Key: "home", Title: "首页", Content: page.Content, Refresh: page.Load, Kinds: page.Kinds(), Follow: page.Load, Restyle: page.Load}
}

// toDo are the lists of the menu in which something may have to be done: a list says so itself (list.List.ToDo).
func (p *program) toDo(items []shell.Item) []home.Source {
	var all []home.Source
	for _, it := range items {
		of := p.sources[it.Title]
		if of == nil || !shell.Has(p.client.Identity, it) {
			continue
		}
		for _, s := range of(func(state string) { p.shell.OpenAt(it.Page(), state) }) {
			s.Group = it.Group
			all = append(all, s)
		}
	}
	return all
}

// undecided is what the server has refused or what others have changed meanwhile: somebody here has to decide.
func (p *program) undecided() home.Source {
	const open = "OPEN"
	return home.Source{
		Group: ownMachine, Title: pendingTitle, Kind: outboxKind, States: []list.Tab{{State: open, Title: "被退回或有冲突"}},
		Counts: func(context.Context) (map[string]int64, error) {
			return map[string]int64{open: int64(p.syncer.Status().Open)}, nil
		},
		Open: func(string) { p.shell.Open(p.pending()) },
	}
}

// unitNow is the own unit as it is seen here now.
func (p *program) unitNow(ctx context.Context) (*unitv1.Unit, error) {
	m, ok, err := p.mirror.Get(ctx, "unit", p.desk.By.UnitID)
	if !ok || err != nil {
		return nil, err
	}
	return m.(*unitv1.Unit), nil
}

// supervision is what the unit's committees do (B4).
func (p *program) supervision() *home.Supervision {
	s := &home.Supervision{Records: p.records, Division: p.client.Identity.Unit.GetDivision(), Now: clock.Now, Open: p.openProgress}
	s.All = func() {
		page := listPage(p, s.List(), func(r rules.Row, _ *kit.ListPage[rules.Row]) { p.openProgress(r) })
		page.Kinds, page.Follow = s.Kinds(), page.Refresh
		p.shell.Open(page)
	}
	return s
}

func (p *program) openProgress(r rules.Row) {
	title := r.Committee.Name
	if r.Activity != nil {
		title = r.Activity.Name
	}
	p.shell.Open(&shell.Page{Key: "progress " + r.Committee.Id + " " + r.Activity.GetId(), Title: title, Content: home.NewProgress(r)})
}

// may reports whether the person has a right.
func (p *program) may(r commonv1.Right) bool {
	return shell.Has(p.client.Identity, shell.Item{Right: r})
}
