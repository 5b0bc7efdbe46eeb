package unit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/kit"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/field"
	rules "zhiping/shared/unit"
)

// mostLevels is how many levels of posts a matter can have (Post.level).
const mostLevels = 9

// A Posts is the page of the unit's review posts (A5): left the matters with what is set up, right the levels of one of them with their people.
// What was changed of a matter and not saved stays while another is looked at.
type Posts struct {
	Edit

	unit    *unitv1.Unit
	units   unitv1connect.UnitServiceClient
	desk    *kit.Desk
	done    func(*unitv1.Unit)
	names   map[string]string // by the id of the member of staff
	inUse   []string          // their ids, in the order of the list
	edited  map[reviewv1.Matter][]*reviewv1.Post
	matter  reviewv1.Matter
	matters *fyne.Container
	levels  *fyne.Container
}

// NewPosts draws the page for a unit and its staff; done is called after what was saved.
func NewPosts(u *unitv1.Unit, staff []*unitv1.Staff, c unitv1connect.UnitServiceClient, d *kit.Desk, done func(*unitv1.Unit)) *Posts {
	p := &Posts{unit: u, units: c, desk: d, done: done, names: map[string]string{}, edited: map[reviewv1.Matter][]*reviewv1.Post{}, matters: container.NewVBox(), levels: container.NewVBox()}
	for _, s := range staff {
		p.names[s.Id] = s.Name + "（" + s.Account + "）"
		if s.Disabled {
			p.names[s.Id] += " 已停用"
			continue
		}
		p.inUse = append(p.inUse, s.Id)
	}
	note := widget.NewLabel("同一事项在本单位内由1级岗位开始，按级别从小到大逐级审核，再报下一单位。一个岗位可设多名人员，任一人均可办理。修改只对以后进入本单位的事项有效，已在本单位的事项按原岗位办结。")
	note.Wrapping = fyne.TextWrapWord
	p.Edit = *newEdit(container.NewVBox(note, container.NewBorder(nil, nil, p.matters, nil, container.NewPadded(p.levels))), p.save)
	p.show(rules.Matters(u.Kind)[0])
	return p
}

// now are the posts of a matter as they stand on the page.
func (p *Posts) now(m reviewv1.Matter) []*reviewv1.Post {
	if posts, ok := p.edited[m]; ok {
		return posts
	}
	return rules.Posts(p.unit, m).Posts
}

// show shows a matter.
func (p *Posts) show(m reviewv1.Matter) {
	p.matter = m
	p.matters.RemoveAll()
	for _, x := range rules.Matters(p.unit.Kind) {
		b := widget.NewButton(p.summary(x), func() { p.show(x) })
		b.Alignment = widget.ButtonAlignLeading
		if b.Importance = widget.LowImportance; x == m {
			b.Importance = widget.HighImportance
		}
		p.matters.Add(b)
	}
	p.levels.RemoveAll()
	p.levels.Add(widget.NewLabelWithStyle(field.Label(m), fyne.TextAlignLeading, fyne.TextStyle{Bold: true}))
	posts := p.now(m)
	if len(posts) == 0 {
		p.levels.Add(widget.NewLabel("未设置【单位内部多岗审核】：由任一有审核权限的工作人员办理。"))
	}
	for i := range posts {
		p.levels.Add(p.level(posts, i))
	}
	add := widget.NewButtonWithIcon(fmt.Sprintf("增加%d级岗位", len(posts)+1), theme.ContentAddIcon(), func() {
		p.change(func(posts []*reviewv1.Post) []*reviewv1.Post { return append(posts, &reviewv1.Post{}) })
	})
	if len(posts) < mostLevels {
		p.levels.Add(container.NewHBox(add))
	}
	p.levels.Refresh()
}

// summary is a matter with what is set up for it.
func (p *Posts) summary(m reviewv1.Matter) string {
	posts := p.now(m)
	people := 0
	for _, x := range posts {
		people += len(x.StaffIds)
	}
	line := field.Label(m) + "　未设置"
	if len(posts) > 0 {
		line = fmt.Sprintf("%s　%d级 %d人", field.Label(m), len(posts), people)
	}
	if p.edited[m] != nil {
		line += "（未保存）"
	}
	return line
}

// level is one level: its people, each with a button to take him off, a list to add others, and a button to drop the level.
func (p *Posts) level(posts []*reviewv1.Post, i int) fyne.CanvasObject {
	title := fmt.Sprintf("%d级岗位", i+1)
	if i == 0 {
		title += "（最先审核）"
	}
	drop := widget.NewButtonWithIcon("删除此级", theme.DeleteIcon(), func() {
		p.change(func(posts []*reviewv1.Post) []*reviewv1.Post { return slices.Delete(posts, i, i+1) })
	})
	chips := container.New(layout.NewGridWrapLayout(fyne.NewSize(220*theme.TextSize()/13, theme.TextSize()*2.6)))
	for _, id := range posts[i].StaffIds {
		name := p.names[id]
		if name == "" {
			name = "（已不在本单位）"
		}
		b := widget.NewButtonWithIcon(name, theme.CancelIcon(), func() {
			p.change(func(posts []*reviewv1.Post) []*reviewv1.Post {
				posts[i].StaffIds = slices.DeleteFunc(posts[i].StaffIds, func(x string) bool { return x == id })
				return posts
			})
		})
		b.IconPlacement = widget.ButtonIconTrailingText
		chips.Add(b)
	}
	head := container.NewBorder(nil, nil, widget.NewLabel(title), drop, p.add(posts[i], i))
	return widget.NewCard("", "", container.NewVBox(head, chips))
}

// add offers those who are not at the post yet.
func (p *Posts) add(post *reviewv1.Post, i int) fyne.CanvasObject {
	ids := map[string]string{}
	var names []string
	for _, id := range p.inUse {
		if !slices.Contains(post.StaffIds, id) {
			ids[p.names[id]] = id
			names = append(names, p.names[id])
		}
	}
	pick := widget.NewSelect(names, func(name string) {
		p.change(func(posts []*reviewv1.Post) []*reviewv1.Post {
			posts[i].StaffIds = append(posts[i].StaffIds, ids[name])
			return posts
		})
	})
	pick.PlaceHolder = "添加人员……"
	return pick
}

// change changes the posts of the matter that is shown; the levels are numbered anew.
func (p *Posts) change(fn func([]*reviewv1.Post) []*reviewv1.Post) {
	var posts []*reviewv1.Post
	for _, x := range p.now(p.matter) {
		posts = append(posts, proto.CloneOf(x))
	}
	posts = fn(posts)
	for i, x := range posts {
		x.Level = int32(i + 1)
	}
	p.edited[p.matter] = append([]*reviewv1.Post{}, posts...) // not nil: none is a change too
	p.show(p.matter)
}

// save saves what was changed of every matter, one after the other.
func (p *Posts) save() {
	var changed []reviewv1.Matter
	var empty []string
	for _, m := range rules.Matters(p.unit.Kind) {
		if p.edited[m] == nil {
			continue
		}
		changed = append(changed, m)
		for _, x := range p.edited[m] {
			if len(x.StaffIds) == 0 {
				empty = append(empty, fmt.Sprintf("【%s】%d级岗位", field.Label(m), x.Level))
			}
		}
	}
	switch {
	case len(empty) > 0:
		p.desk.Say(strings.Join(empty, "、") + "还没有人员，请添加人员或删除此级。")
		return
	case len(changed) == 0:
		p.desk.Say("没有修改。")
		return
	}
	p.desk.Run(func() func() {
		now, n, err := p.send(changed)
		return func() {
			for _, m := range changed[:n] {
				delete(p.edited, m)
			}
			p.unit = now
			p.show(p.matter)
			if err != nil {
				p.desk.Fail(err)
				return
			}
			p.done(now)
		}
	})
}

// send saves matters and gives the unit as it is then, with how many were saved before one was refused.
func (p *Posts) send(changed []reviewv1.Matter) (now *unitv1.Unit, n int, err error) {
	now = p.unit
	for n, m := range changed {
		resp, err := p.units.SavePosts(context.Background(), &unitv1.SavePostsRequest{Base: base(now), Posts: &reviewv1.Posts{Matter: m, Posts: p.edited[m]}})
		if err != nil {
			return now, n, err
		}
		now = resp.Unit
	}
	return now, len(changed), nil
}
