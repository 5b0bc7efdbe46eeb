package unit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/field"
	rules "zhiping/shared/unit"
)

// A Tree shows the units below the own one, each level fetched when it is opened (A9).
type Tree struct {
	Content fyne.CanvasObject

	units  unitv1connect.UnitServiceClient
	desk   *kit.Desk
	root   *unitv1.Unit
	by     map[string]*unitv1.Branch
	below  map[string][]string // children by superior; absent is not fetched yet
	found  []string            // what the search found, in place of the levels; nil while nothing is searched for
	search *kit.Entry
	widget *widget.Tree
	note   *widget.Label
}

// NewTree draws the tree; open opens a unit's page.
func NewTree(root *unitv1.Unit, c unitv1connect.UnitServiceClient, d *kit.Desk, open func(*unitv1.Unit)) *Tree {
	t := &Tree{units: c, desk: d, root: root, by: map[string]*unitv1.Branch{}, below: map[string][]string{}, note: widget.NewLabel("")}
	t.note.Importance = widget.LowImportance
	t.widget = widget.NewTree(
		func(id widget.TreeNodeID) []widget.TreeNodeID {
			switch {
			case id == "" && t.found != nil:
				return t.found
			case id == "":
				return []string{root.Id}
			}
			return t.below[id]
		},
		func(id widget.TreeNodeID) bool {
			return id == "" || t.found == nil && (id == root.Id || t.by[id].GetBelow() > 0)
		},
		func(bool) fyne.CanvasObject { return widget.NewLabel("") },
		func(id widget.TreeNodeID, _ bool, o fyne.CanvasObject) { o.(*widget.Label).SetText(t.line(id)) })
	t.widget.OnBranchOpened = t.fetch
	t.widget.OnSelected = func(id string) {
		t.widget.UnselectAll()
		t.choose(id, open)
	}
	t.search = kit.NewEntry()
	t.search.SetPlaceHolder("输入单位名称的一部分，按回车在全部下级中查找")
	t.search.OnSubmitted = func(string) { t.Find(t.search.Text) }
	t.search.OnChanged = func(s string) {
		if s == "" {
			t.Find("")
		}
	}
	bar := container.NewBorder(nil, nil, nil, container.NewHBox(
		widget.NewButton("查找", func() { t.Find(t.search.Text) }),
		widget.NewButton("清空", func() { t.search.SetText("") })), t.search)
	t.Content = container.New(layout.NewBorderLayout(bar, t.note, nil, nil), bar, t.widget, t.note) // in the order of the Tab key
	return t
}

// Search puts the cursor into the search (Ctrl+F).
func (t *Tree) Search(c fyne.Canvas) { c.Focus(t.search) }

// choose opens the page of a direct subordinate; a unit further down is looked after by its own superior.
func (t *Tree) choose(id string, open func(*unitv1.Unit)) {
	direct := slices.Contains(t.below[t.root.Id], id) || t.found != nil && len(t.by[id].GetPath()) == 0
	switch b := t.by[id]; {
	case strings.HasPrefix(id, cut):
		fyne.CurrentApp().Driver().CanvasForObject(t.search).Focus(t.search)
	case id == t.root.Id:
	case !direct && len(b.GetPath()) > 0:
		t.note.SetText("“" + b.Name + "”由“" + b.Path[len(b.Path)-1] + "”管理，信息请由该单位查看。")
	case !direct:
		t.note.SetText("“" + b.GetName() + "”由其上级单位管理，信息请由该单位查看。")
	default:
		var resp *unitv1.GetUnitResponse
		t.desk.Do(func() (err error) {
			resp, err = t.units.GetUnit(context.Background(), &unitv1.GetUnitRequest{Id: id})
			return err
		}, func() { open(resp.Unit) })
	}
}

// cut begins the id of the line that stands for the units of a level that are not listed.
const cut = "more "

// Find shows the units at any depth whose name has the part in place of the levels; an empty part shows the levels again.
func (t *Tree) Find(part string) {
	if part = strings.TrimSpace(part); part == "" {
		if t.found != nil {
			t.Load()
		}
		return
	}
	var resp *unitv1.ListBranchesResponse
	t.desk.Do(func() (err error) {
		resp, err = t.units.ListBranches(context.Background(), &unitv1.ListBranchesRequest{SuperiorId: t.root.Id, Name: part})
		return err
	}, func() {
		found := []string{}
		for _, b := range resp.Branches {
			t.by[b.Id] = b
			found = append(found, b.Id)
		}
		t.found = found
		switch n := len(found); {
		case n == 0:
			t.note.SetText("没有名称含“" + part + "”的下级单位。请换一个名称，或按“清空”回到单位树。")
		case n >= rules.MostFound:
			t.note.SetText(fmt.Sprintf("只列出了前 %d 个。请输入更完整的单位名称再查找。", n))
		default:
			t.note.SetText(fmt.Sprintf("名称含“%s”的下级单位：%d 个。按“清空”回到单位树。", part, n))
		}
		t.widget.ScrollToTop()
		t.widget.Refresh()
	})
}

// Load fetches the first level again; the others are fetched when they are opened.
func (t *Tree) Load() {
	t.found = nil
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
		if len(ids) >= rules.MostBranches {
			ids = append(ids, cut+id)
		}
		t.below[id] = ids
		t.note.SetText("点击单位名称前的箭头展开下级；点击名称查看直接下级单位的信息。")
		if id == t.root.Id && len(ids) == 0 {
			t.note.SetText("还没有下级单位。可在【下级单位信息管理】中新增。")
		}
		t.widget.Refresh()
	})
}

// line is what stands for a unit.
func (t *Tree) line(id string) string {
	switch {
	case id == t.root.Id:
		return t.root.Name
	case strings.HasPrefix(id, cut):
		return fmt.Sprintf("……　这一级单位较多，只列出前 %d 个；其余请在上方查找", rules.MostBranches)
	}
	b := t.by[id]
	line := fmt.Sprintf("%s　%s", b.GetName(), field.Label(b.GetKind()))
	if p := b.GetPath(); t.found != nil && len(p) > 0 {
		line += "　上级：" + strings.Join(p, " / ")
	}
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
