package unit

import (
	"context"
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/field"
)

// A Tree shows the units below the own one, each level fetched when it is opened (A9).
type Tree struct {
	Content fyne.CanvasObject

	units  unitv1connect.UnitServiceClient
	desk   *kit.Desk
	root   *unitv1.Unit
	by     map[string]*unitv1.Branch
	below  map[string][]string // children by superior; absent is not fetched yet
	widget *widget.Tree
	note   *widget.Label
}

// NewTree draws the tree; open opens a unit's page.
func NewTree(root *unitv1.Unit, c unitv1connect.UnitServiceClient, d *kit.Desk, open func(*unitv1.Unit)) *Tree {
	t := &Tree{units: c, desk: d, root: root, by: map[string]*unitv1.Branch{}, below: map[string][]string{}, note: widget.NewLabel("")}
	t.note.Importance = widget.LowImportance
	t.widget = widget.NewTree(
		func(id widget.TreeNodeID) []widget.TreeNodeID {
			if id == "" {
				return []string{root.Id}
			}
			return t.below[id]
		},
		func(id widget.TreeNodeID) bool { return id == "" || id == root.Id || t.by[id].GetBelow() > 0 },
		func(bool) fyne.CanvasObject { return widget.NewLabel("") },
		func(id widget.TreeNodeID, _ bool, o fyne.CanvasObject) { o.(*widget.Label).SetText(t.line(id)) })
	t.widget.OnBranchOpened = t.fetch
	t.widget.OnSelected = func(id string) {
		t.widget.UnselectAll()
		if !slices.Contains(t.below[root.Id], id) {
			return // the page of a unit further down belongs to its own superior
		}
		var resp *unitv1.GetUnitResponse
		d.Do(func() (err error) {
			resp, err = c.GetUnit(context.Background(), &unitv1.GetUnitRequest{Id: id})
			return err
		}, func() { open(resp.Unit) })
	}
	t.Content = container.NewBorder(nil, t.note, nil, nil, t.widget)
	return t
}

// Load fetches the first level again; the others are fetched when they are opened.
func (t *Tree) Load() {
	t.below = map[string][]string{}
	t.widget.CloseAllBranches()
	t.widget.OpenBranch(t.root.Id)
}

func (t *Tree) fetch(id string) {
	if _, known := t.below[id]; known || id == "" {
		return
	}
	var resp *unitv1.ListBranchesResponse
	t.desk.Do(func() (err error) {
		resp, err = t.units.ListBranches(context.Background(), &unitv1.ListBranchesRequest{SuperiorId: id})
		return err
	}, func() {
		ids := []string{}
		for _, b := range resp.Branches {
			t.by[b.Id] = b
			ids = append(ids, b.Id)
		}
		t.below[id] = ids
		t.note.SetText("点击单位名称前的箭头展开下级；点击名称查看直接下级单位的信息。")
		if id == t.root.Id && len(ids) == 0 {
			t.note.SetText("还没有下级单位。可在“新建下级单位”中新建。")
		}
		t.widget.Refresh()
	})
}

// line is what stands for a unit.
func (t *Tree) line(id string) string {
	if id == t.root.Id {
		return t.root.Name
	}
	b := t.by[id]
	line := fmt.Sprintf("%s　%s", b.GetName(), field.Label(b.GetKind()))
	if n := b.GetBelow(); n > 0 {
		line += fmt.Sprintf("　下级 %d 个", n)
	}
	if s := stateNames[b.GetState()]; s != "" {
		line += "　【" + s + "】"
	}
	return line
}

// stateNames are the states that are worth a word.
var stateNames = map[string]string{"PENDING": "待审核", "RETURNED": "已退回", "REFUSED": "不通过"}
