// Package committee is review committees on the desktop: here the competent-department map (feature A10).
package committee

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"github.com/google/uuid"

	"zhiping/desktop/cache"
	"zhiping/desktop/kit"
	"zhiping/desktop/list"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	"zhiping/proto/gen/zhiping/committee/v1/committeev1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	rules "zhiping/shared/committee"
	"zhiping/shared/fault"
	"zhiping/shared/field"
	"zhiping/shared/wire"
)

type area = *committeev1.AreaCommittee

// CompetenceKind is the kind of the records of the map.
const CompetenceKind = "competence"

func areaText(name string) func(area) string {
	return func(x area) string { return field.Named(x, name)[0].Text(x) }
}

// Map is the list of the committees of the own area with the departments that receive the material for them. Without the network it shows, of
// those for which something is set, what the mirror has; chain are the own unit and its superiors. verb is what the link of a line
// says for those who can set it, "" for those who only read.
func Map(c committeev1connect.CompetenceServiceClient, mirror *cache.Cache, chain []string, verb string) *list.List[area] {
	return &list.List[area]{
		Name: "competence-map", Title: "主管部门配置", ID: area.GetId, Verb: verb,
		Columns: []list.Column[area]{
			{Title: "评委会名称", Width: 278, Text: area.GetName},
			{Title: "系列", Width: 92, Text: areaText(committeev1.AreaCommittee_Series)},
			{Title: "层级", Width: 58, Text: areaText(committeev1.AreaCommittee_Levels)},
			{Title: "组建单位", Width: 208, Text: area.GetFormingName},
			{Title: "备案有效期至", Width: 100, Text: validity},
			{Title: "主管部门", Width: 208, Text: func(x area) string { return department(x, verb == "") }},
		},
		Filters: []list.Filter{{Column: "name", Title: "评委会名称"}, {Column: "series", Title: "系列", Choices: seriesChoices()}},
		Tabs:    []list.Tab{{State: "", Title: "全部"}, {State: rules.Set, Title: "已设置"}, {State: rules.Unset, Title: "未设置"}},
		Empty:   "没有评审范围包含本地区的已备案评委会。",
		Source: func(ctx context.Context, q *commonv1.Query) ([]area, *commonv1.PageInfo, error) {
			resp, err := c.ListAreaCommittees(ctx, &committeev1.ListAreaCommitteesRequest{Query: q})
			if fault.CodeOf(err) != fault.Offline {
				return resp.GetCommittees(), resp.GetPage(), err
			}
			rows, bad := mirrored(ctx, mirror, chain)
			if bad != nil {
				return nil, nil, bad
			}
			rows, page, bad := rules.Map.Of(rows, q)
			if bad != nil {
				return nil, nil, bad
			}
			return rows, page, fault.New(fault.Offline, "服务器连接不上，以下只是本机保存的、已设置主管部门的评委会")
		},
	}
}

// mirrored is what holds by the entries that are here.
func mirrored(ctx context.Context, mirror *cache.Cache, chain []string) ([]area, error) {
	entries, err := cache.All[*committeev1.Competence](ctx, mirror, CompetenceKind)
	if err != nil {
		return nil, err
	}
	var rows []area
	done := map[string]bool{}
	for _, e := range entries {
		if done[e.CommitteeId] || !slices.Contains(chain, e.UnitId) {
			continue
		}
		done[e.CommitteeId] = true
		holds, err := rules.OfNearest(entries, e.CommitteeId, chain, func(*committeev1.Competence) (bool, error) { return true, nil })
		if err != nil {
			return nil, err
		}
		if holds != nil {
			rows = append(rows, &committeev1.AreaCommittee{Id: holds.CommitteeId, Name: holds.CommitteeName, Series: holds.Series, Levels: holds.Levels, FormingName: holds.FormingName, Holds: holds})
		}
	}
	slices.SortFunc(rows, func(a, b area) int { return strings.Compare(a.Name, b.Name) })
	return rows, nil
}

func validity(x area) string {
	if x.Expired {
		return "已到期"
	}
	return x.ValidUntil
}

// department is what the map says about a committee. Who can set it sees too what was not set here; for all others nothing is.
func department(x area, reader bool) string {
	switch {
	case x.Holds == nil && x.Lost != nil:
		return "已失效：" + x.Lost.DepartmentName
	case x.Holds == nil:
		return "未设置"
	case !reader && x.Holds.UnitId != x.GetOwn().GetUnitId():
		return x.Holds.DepartmentName + "（上级设置）"
	}
	return x.Holds.DepartmentName
}

func seriesChoices() []list.Choice {
	var all []list.Choice
	for _, c := range field.Named(&committeev1.AreaCommittee{}, committeev1.AreaCommittee_Series)[0].Choices {
		all = append(all, list.Choice{Value: c.Code, Title: c.Label})
	}
	return all
}

// SetDepartment sets the department of committees, "" clears it, and says what was refused.
func SetDepartment(c committeev1connect.CompetenceServiceClient, rows []area, departmentID string) error {
	r := &committeev1.SetDepartmentsRequest{}
	names := map[string]string{}
	for _, x := range rows {
		e := &committeev1.Competence{Id: x.GetOwn().GetId(), Revision: x.GetOwn().GetRevision(), CommitteeId: x.Id, DepartmentId: departmentID}
		if e.Id == "" {
			if departmentID == "" {
				continue // there is nothing to clear
			}
			e.Id = uuid.Must(uuid.NewV7()).String()
		}
		names[e.Id] = x.Name
		r.Competences = append(r.Competences, e)
	}
	if len(r.Competences) == 0 {
		return fault.New(fault.State, "所选评委会没有由本单位设置的主管部门，不需要清除")
	}
	resp, err := c.SetDepartments(context.Background(), r)
	if err != nil {
		return err
	}
	return wire.Refused(resp.Outcomes, func(id string) string { return names[id] })
}

// A picker finds and chooses a department.
type picker struct {
	client committeev1connect.CompetenceServiceClient
	desk   *kit.Desk
	name   *kit.Entry
	found  *widget.RadioGroup
	note   *widget.Label
	ids    map[string]string // by what is shown
	shown  string            // what was chosen
}

// AskDepartment lets the person choose the department of committees; done is called with its id.
func AskDepartment(c committeev1connect.CompetenceServiceClient, d *kit.Desk, rows []area, done func(departmentID string)) {
	p := &picker{client: c, desk: d, name: kit.NewEntry(), found: widget.NewRadioGroup(nil, nil), note: widget.NewLabel(""), ids: map[string]string{}}
	p.name.SetPlaceHolder("按单位名称查找")
	p.name.OnSubmitted = func(string) { p.search() }
	p.found.OnChanged = func(s string) { p.shown = s }
	scroll := container.NewVScroll(p.found)
	scroll.SetMinSize(fyne.NewSize(400, 260))
	what := fmt.Sprintf("为 %d 个评委会设置主管部门。设置后提交的申报材料按此报送，审核中的不受影响。", len(rows))
	if len(rows) == 1 {
		what = "评委会：" + rows[0].Name + "\n设置后提交的申报材料按此报送，审核中的不受影响。"
	}
	p.note.SetText(what)
	p.note.Wrapping = fyne.TextWrapWord
	find := widget.NewButtonWithIcon("查找", theme.SearchIcon(), p.search)
	d.Ask("设置主管部门", container.NewBorder(container.NewVBox(p.note, container.NewBorder(nil, nil, nil, find, p.name)), nil, nil, nil, scroll), "确定", func() {
		if id := p.ids[p.shown]; id != "" {
			done(id)
			return
		}
		d.Say("请先选择主管部门")
	})
	p.search()
}

func (p *picker) search() {
	var resp *committeev1.ListDepartmentsResponse
	p.desk.Do(func() (err error) {
		resp, err = p.client.ListDepartments(context.Background(), &committeev1.ListDepartmentsRequest{Name: p.name.Text})
		return err
	}, func() {
		p.ids, p.shown = map[string]string{}, ""
		p.found.Options, p.found.Selected = nil, ""
		for _, x := range resp.Departments {
			shown := x.Name
			if x.Id == p.desk.By.UnitID {
				shown += "（本单位）"
			}
			if p.ids[shown] != "" { // two of one name: the credit code is not theirs to see here, so the order tells them apart
				shown += fmt.Sprintf("（%d）", len(p.ids))
			}
			p.ids[shown] = x.Id
			p.found.Options = append(p.found.Options, shown)
		}
		p.found.Refresh()
	})
}
