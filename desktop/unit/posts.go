package unit

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/field"
)

// mostLevels is how many levels of posts the page offers; the rules allow nine.
const mostLevels = 4

// NewPosts draws the review posts of the unit (A5): for a matter, who acts at each level; a level without people is left out.
func NewPosts(u *unitv1.Unit, staff []*unitv1.Staff, c unitv1connect.UnitServiceClient, d *kit.Desk, done func(*unitv1.Unit)) fyne.CanvasObject {
	byName := map[string]string{}
	var names []string
	for _, s := range staff {
		if !s.Disabled {
			name := s.Name + "（" + s.Account + "）"
			byName[name] = s.Id
			names = append(names, name)
		}
	}
	levels := make([]*widget.CheckGroup, mostLevels)
	body := container.NewVBox()
	for i := range levels {
		levels[i] = widget.NewCheckGroup(names, nil)
		levels[i].Horizontal = true
		body.Add(widget.NewLabelWithStyle(fmt.Sprintf("%d级岗位", i+1), fyne.TextAlignLeading, fyne.TextStyle{Bold: true}))
		body.Add(levels[i])
	}
	matters := map[string]reviewv1.Matter{}
	var offered []string
	for _, n := range slices.Sorted(maps.Keys(reviewv1.Matter_name)) {
		if m := reviewv1.Matter(n); m != reviewv1.Matter_MATTER_UNSPECIFIED {
			matters[field.Label(m)] = m
			offered = append(offered, field.Label(m))
		}
	}
	matter := widget.NewSelect(offered, func(name string) { fill(levels, u, matters[name], byName) })
	matter.SetSelected(field.Label(reviewv1.Matter_MATTER_APPLICATION)) // what needs posts most
	save := widget.NewButton("保　存", func() {
		posts := &reviewv1.Posts{Matter: matters[matter.Selected]}
		for _, l := range levels {
			if len(l.Selected) == 0 {
				continue
			}
			p := &reviewv1.Post{Level: int32(len(posts.Posts) + 1)}
			for _, n := range l.Selected {
				p.StaffIds = append(p.StaffIds, byName[n])
			}
			posts.Posts = append(posts.Posts, p)
		}
		d.Run(func() func() {
			resp, err := c.SavePosts(context.Background(), &unitv1.SavePostsRequest{Base: &commonv1.Base{Id: u.Id, Revision: u.Revision}, Posts: posts})
			return func() {
				if err != nil {
					d.Fail(err)
					return
				}
				u = resp.Unit
				done(u)
			}
		})
	})
	save.Importance = widget.HighImportance
	note := widget.NewLabel("审核按岗位级别从低到高进行；修改不影响已进入本单位的事项。一个岗位可以有多名人员，任一人均可办理。")
	note.Wrapping = fyne.TextWrapWord
	return container.NewBorder(container.NewVBox(note, matter), container.NewHBox(save), nil, nil, container.NewVScroll(container.NewPadded(body)))
}

// fill shows the posts that a matter has now.
func fill(levels []*widget.CheckGroup, u *unitv1.Unit, m reviewv1.Matter, byName map[string]string) {
	for i, l := range levels {
		var on []string
		for _, posts := range u.Posts {
			if posts.Matter != m || i >= len(posts.Posts) {
				continue
			}
			for name, id := range byName {
				for _, x := range posts.Posts[i].StaffIds {
					if x == id {
						on = append(on, name)
					}
				}
			}
		}
		l.SetSelected(on)
	}
}
