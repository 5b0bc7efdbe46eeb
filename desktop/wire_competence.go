package main

import (
	"zhiping/desktop/committee"
	"zhiping/desktop/kit"
	"zhiping/desktop/shell"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	rules "zhiping/shared/committee"
)

type areas = []*committeev1.AreaCommittee

// competenceItem is the line of feature A10. Everybody sees the map that holds; who may set it has the buttons.
func (p *program) competenceItem() shell.Item {
	return shell.Item{Group: "申报材料审核", Title: "主管部门配置", Right: commonv1.Right_RIGHT_SIGNED_IN, Open: p.departments}
}

func (p *program) departments() *shell.Page {
	c, who := p.client.Competences(), p.client.Identity
	set := func(rows areas, done func()) {
		committee.AskDepartment(c, p.desk, rows, func(id string) {
			p.desk.Do(func() error { return committee.SetDepartment(c, rows, id) }, done)
		})
	}
	open, verb := func(x *committeev1.AreaCommittee, _ *kit.ListPage[*committeev1.AreaCommittee]) { p.say(rules.Says(x)) }, ""
	var actions []kit.Action[*committeev1.AreaCommittee]
	if p.may(commonv1.Right_RIGHT_DEPARTMENT_MAP) {
		verb = "设置主管部门"
		open = func(x *committeev1.AreaCommittee, from *kit.ListPage[*committeev1.AreaCommittee]) {
			set(areas{x}, from.Load)
		}
		actions = append(actions, kit.Action[*committeev1.AreaCommittee]{Title: "设置主管部门", Run: set},
			batch(p, "清除设置", func(rows areas) error { return committee.SetDepartment(c, rows, "") }))
	}
	chain := append([]string{who.Unit.GetId()}, who.SuperiorIds...)
	page := listPage(p, committee.Map(c, p.mirror, chain, verb), open, actions...)
	page.Kinds, page.Follow = []string{committee.CompetenceKind, "committee"}, page.Refresh
	return page
}
