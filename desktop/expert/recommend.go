package expert

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/kit"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	"zhiping/proto/gen/zhiping/committee/v1/committeev1connect"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	rules "zhiping/shared/expert"
)

// NewRecommend asks into which superior unit's pool somebody is to be recommended (C4); the form follows once it is chosen.
func NewRecommend(committees committeev1connect.CommitteeServiceClient, c client, d *kit.Desk, done func()) (content fyne.CanvasObject, load func()) {
	body := container.NewStack()
	byName := map[string]*committeev1.Outline{}
	pick := widget.NewSelect(nil, func(line string) {
		o := byName[line]
		r := &expertv1.Recommendation{Id: newID(), Expert: New(&committeev1.Committee{Id: o.Id, Name: o.Name, Series: o.Series})}
		body.Objects = []fyne.CanvasObject{NewRecommendation(r, c, d, done)}
		body.Refresh()
	})
	pick.PlaceHolder = "请选择上级单位组建的评委会"
	note := widget.NewLabel("")
	note.Importance = widget.WarningImportance
	return container.NewBorder(container.NewBorder(nil, nil, widget.NewLabel("推荐至评委会"), note, pick), nil, nil, nil, body), func() {
		var resp *committeev1.ListSuperiorCommitteesResponse
		d.Do(func() (err error) {
			resp, err = committees.ListSuperiorCommittees(context.Background(), &committeev1.ListSuperiorCommitteesRequest{})
			return err
		}, func() {
			var names []string
			for _, o := range resp.Committees {
				line := fmt.Sprintf("%s（%s）", o.Name, o.UnitName)
				names = append(names, line)
				byName[line] = o
			}
			pick.SetOptions(names)
			if note.SetText(""); len(names) == 0 {
				note.SetText("上级单位还没有组建评委会")
			}
		})
	}
}

// NewRecommendation draws the form of a recommendation; done is called once it is handed in.
func NewRecommendation(from recommendation, c client, d *kit.Desk, done func()) fyne.CanvasObject {
	r := proto.CloneOf(from)
	name := "recommendation " + r.Id
	if r.Revision == 0 {
		name = "new recommendation " + r.Expert.GetCommitteeId()
	}
	draft := kit.NewDraft(d, name, r)
	f := newFields(r.Expert, draft.Changed)
	why := kit.NewForm(r, expertv1.Recommendation_Reason)
	why.Changed = draft.Changed
	save := func(complete bool, then func()) {
		if !f.good(complete) || !why.CheckTyped() {
			d.Say("有内容需要修改，请看各项下方的红字提示")
			return
		}
		d.Run(func() func() {
			resp, err := c.SaveRecommendation(context.Background(), &expertv1.SaveRecommendationRequest{Recommendation: r})
			return func() {
				if err != nil {
					for _, form := range f.forms {
						err = form.Show(err)
					}
					d.Fail(err)
					return
				}
				r.Revision = resp.GetRecommendation().GetRevision()
				draft.Drop()
				then()
			}
		})
	}
	keep := widget.NewButtonWithIcon("保存", theme.DocumentSaveIcon(), func() { save(false, func() { d.Say("已保存") }) })
	send := widget.NewButtonWithIcon("保存并提交", theme.MailSendIcon(), func() {
		save(true, func() {
			d.Do(func() error { return SubmitRecommendations(c, []recommendation{r}) }, func() {
				d.Say("已提交，请等待组建单位审核")
				done()
			})
		})
	})
	send.Importance = widget.HighImportance
	f.content.Add(kit.NewPart("推荐理由", why.Content))
	top := container.NewVBox(returned(from.Review), draft.Banner.Content)
	return container.NewBorder(top, container.NewHBox(keep, send), nil, nil, container.NewVScroll(container.NewPadded(f.content)))
}

// NewRecommended draws somebody who is recommended, with the review by the forming unit (C4).
func NewRecommended(r recommendation, c client, d *kit.Desk, done func()) (fyne.CanvasObject, *kit.ReviewPanel) {
	panel := kit.NewReviewPanel(r.Review, d.By, func(a *reviewv1.Action) {
		d.Do(func() error { return MoveRecommendations(c, []recommendation{r}, a) }, done)
	})
	sections := append(material(r.Expert), kit.Section{Title: "推荐", Message: r, Fields: []string{expertv1.Recommendation_UnitName, expertv1.Recommendation_Reason}})
	panel.Material(sections...)
	panel.Common(d)
	top := container.NewVBox(heading("推荐专家 "+r.Expert.GetName()+"　"+r.Expert.GetCommitteeName()), hints(r.Expert))
	split := container.NewHSplit(container.NewBorder(top, nil, nil, nil, kit.NewDetail(sections...)), panel.Content)
	split.Offset = 0.62
	return split, panel
}

// RecommendationEditable reports whether a recommendation can still be changed by the unit that makes it.
func RecommendationEditable(r recommendation) bool {
	s := rules.RecommendationState(r)
	return s == rules.Recommending || s == rules.SentBack
}
