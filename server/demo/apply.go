package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	"zhiping/shared/application"
	"zhiping/shared/field"
	"zhiping/shared/sheet"
	"zhiping/shared/wire"
)

type applicationRow = sheet.Row[*applicationv1.Application]

// barred is somebody who was refused this year already.
var barred *applicationv1.Application

// refuseSomebody lets somebody apply to a special activity of the year and be refused: that bars the person until next year (D3).
func (y *year) refuseSomebody(ctx context.Context) error {
	special, err := y.activity(ctx, "2026年专项评审（虚构）", activityv1.Frequency_FREQUENCY_SPECIAL)
	if err != nil {
		return err
	}
	p := y.as("employer1")
	barred = y.fiction.applications(1)[0]
	if err := y.hand(ctx, p, special, []*applicationv1.Application{barred}); err != nil {
		return err
	}
	bases, err := y.bases(ctx, p, "review", reviewv1.Tab_TAB_FIRST.String())
	if err != nil {
		return err
	}
	resp, err := p.applications().ReviewApplications(ctx, &applicationv1.ReviewApplicationsRequest{Bases: bases, Action: &reviewv1.Action{Move: reviewv1.Move_MOVE_REFUSE, Opinion: "业绩材料不实"}})
	return errors.Join(err, wire.First(resp.GetOutcomes()))
}

// hand imports good applications and hands them in.
func (y *year) hand(ctx context.Context, p *person, activityID string, all []*applicationv1.Application) error {
	proof, err := p.upload(ctx, "学历证书（虚构）.txt", []byte("学历证书（虚构）"+p.account))
	if err != nil {
		return err
	}
	for _, a := range all {
		a.Id, a.ActivityId, a.Documents = id(), activityID, []*commonv1.Attachment{proof}
	}
	resp, err := p.applications().ImportApplications(ctx, &applicationv1.ImportApplicationsRequest{Applications: all})
	if err := errors.Join(err, wire.First(resp.GetOutcomes())); err != nil {
		return err
	}
	return y.submit(ctx, p)
}

func (y *year) submit(ctx context.Context, p *person) error {
	for _, state := range []applicationv1.State{applicationv1.State_STATE_DRAFT, applicationv1.State_STATE_RETURNED} {
		bases, err := y.bases(ctx, p, "own", state.String())
		if err != nil {
			return err
		}
		if len(bases) == 0 {
			continue
		}
		resp, err := p.applications().SubmitApplications(ctx, &applicationv1.SubmitApplicationsRequest{Bases: bases})
		if err := errors.Join(err, wire.First(resp.GetOutcomes())); err != nil {
			return err
		}
	}
	return nil
}

// list gives the applications under a tab, page by page.
func (y *year) list(ctx context.Context, p *person, scope, state string) ([]*applicationv1.Application, error) {
	q := &commonv1.Query{Scope: scope, State: state, Size: 100}
	var all []*applicationv1.Application
	for {
		page, err := p.applications().ListApplications(ctx, &applicationv1.ListApplicationsRequest{Query: q})
		if err != nil {
			return nil, err
		}
		all = append(all, page.Applications...)
		if q.After = page.Page.Next; q.After == "" {
			return all, nil
		}
	}
}

func (y *year) bases(ctx context.Context, p *person, scope, state string) ([]*commonv1.Base, error) {
	all, err := y.list(ctx, p, scope, state)
	return basesOf(all), err
}

func basesOf(all []*applicationv1.Application) []*commonv1.Base {
	var bases []*commonv1.Base
	for _, a := range all {
		bases = append(bases, &commonv1.Base{Id: a.Id, Revision: a.Revision})
	}
	return bases
}

// importApplications imports each employer's workbook, exports what fails with its reasons, corrects and imports it again (D2).
func (y *year) importApplications(ctx context.Context) (int, error) {
	total, failed := 0, 0
	var twin *applicationv1.Application
	for i, account := range employers {
		n := y.Applications / len(employers)
		if i < y.Applications%len(employers) {
			n++
		}
		all := y.fiction.applications(n)
		if i == 0 {
			twin = all[0]
		}
		bad, err := y.importOne(ctx, account, all, y.spoiled(i, all, twin))
		if err != nil {
			return 0, fmt.Errorf("%s: %w", account, err)
		}
		total, failed = total+len(all), failed+bad
		if err := y.submit(ctx, y.as(account)); err != nil {
			return 0, err
		}
	}
	if failed < 3 {
		return 0, fmt.Errorf("only %d rows failed", failed)
	}
	fmt.Printf("  %d 行未通过校验，已导出原因、更正后重新导入或剔除\n", failed)
	return total, nil
}

// spoiled is what stands in an employer's workbook instead of some of its people: wrong check digits, a retired person, one who was refused
// this year, one who applies from another employer too. The last three are no mistakes to correct; they stay out.
func (y *year) spoiled(i int, all []*applicationv1.Application, twin *applicationv1.Application) []*applicationv1.Application {
	var book []*applicationv1.Application
	for k, a := range all {
		b := clone(a)
		if k%17 == 3 {
			last := b.Number[17]
			b.Number = b.Number[:17] + string('0'+(last+1)%10)
			if b.Number[17] == last {
				b.Number = b.Number[:17] + "X"
			}
		}
		book = append(book, b)
	}
	extra := y.fiction.applications(1)[0]
	switch i {
	case 0:
		extra.Retired = true
	case 1:
		extra = clone(barred)
	case 2:
		extra = clone(twin)
	default:
		return book
	}
	extra.Id, extra.ActivityId, extra.Documents = "", "", nil
	return append(book, extra)
}

func (y *year) importOne(ctx context.Context, account string, truth, book []*applicationv1.Application) (failed int, err error) {
	file := y.path("workbooks", "申报人员-"+account+".xlsx")
	good, bad, err := y.readBook(ctx, file, book)
	if err != nil {
		return 0, err
	}
	p := y.as(account)
	rejected, err := y.send(ctx, p, good)
	if err != nil {
		return 0, err
	}
	bad = append(bad, rejected...)
	if len(bad) == 0 {
		return 0, nil
	}
	var out bytes.Buffer
	if err := application.Sheet().Failed(&out, slices.Values(bad)); err != nil {
		return 0, err
	}
	if err := os.WriteFile(y.path("workbooks", "未通过-"+account+".xlsx"), out.Bytes(), 0o600); err != nil {
		return 0, err
	}
	corrected := y.corrected(bad, truth)
	good, again, err := y.readBook(ctx, y.path("workbooks", "更正-"+account+".xlsx"), corrected)
	if err != nil || len(again) > 0 {
		return 0, errors.Join(err, fmt.Errorf("%d corrected rows failed again", len(again)))
	}
	rejected, err = y.send(ctx, p, good)
	if err == nil && len(rejected) > 0 {
		err = fmt.Errorf("a corrected row was refused: %s", rejected[0].Reasons())
	}
	return len(bad), err
}

// corrected gives the rows that can be corrected: those whose person is known to be right.
func (y *year) corrected(bad []*applicationRow, truth []*applicationv1.Application) []*applicationv1.Application {
	var all []*applicationv1.Application
	for _, r := range bad {
		i := slices.IndexFunc(truth, func(a *applicationv1.Application) bool {
			return a.Name == r.Message.Name && a.Phone == r.Message.Phone && strings.HasPrefix(a.Number, r.Message.Number[:min(17, len(r.Message.Number))])
		})
		if i >= 0 {
			all = append(all, clone(truth[i]))
		}
	}
	return all
}

// readBook writes a workbook and reads it as the desktop does.
func (y *year) readBook(ctx context.Context, file string, people []*applicationv1.Application) (good, bad []*applicationRow, err error) {
	var book bytes.Buffer
	if err := application.Sheet().Write(&book, slices.Values(people)); err != nil {
		return nil, nil, err
	}
	if err := os.WriteFile(file, book.Bytes(), 0o600); err != nil {
		return nil, nil, err
	}
	for row, err := range application.Sheet().Read(ctx, bytes.NewReader(book.Bytes()), int64(book.Len())) {
		switch {
		case err != nil:
			return nil, nil, err
		case row.Good():
			good = append(good, row)
		default:
			bad = append(bad, row)
		}
	}
	return good, bad, nil
}

// send imports good rows; what the server refuses comes back with its reason.
func (y *year) send(ctx context.Context, p *person, rows []*applicationRow) (rejected []*applicationRow, err error) {
	if len(rows) == 0 {
		return nil, nil
	}
	r := &applicationv1.ImportApplicationsRequest{}
	for _, row := range rows {
		m := row.Message
		m.Id, m.ActivityId = id(), y.activityID
		doc, err := p.upload(ctx, "学历证书（虚构）.txt", []byte("学历证书（虚构）："+m.Name+m.Id))
		if err != nil {
			return nil, err
		}
		m.Documents = []*commonv1.Attachment{doc}
		r.Applications = append(r.Applications, m)
	}
	resp, err := p.applications().ImportApplications(ctx, r)
	for i, o := range resp.GetOutcomes() {
		if o.Fault != nil {
			rows[i].Add(o.Fault.Message)
			rejected = append(rejected, rows[i])
		}
	}
	return rejected, err
}

func clone(a *applicationv1.Application) *applicationv1.Application {
	b := &applicationv1.Application{}
	for _, f := range field.All(a.ProtoReflect().Descriptor()) {
		if a.ProtoReflect().Has(f.Desc) {
			b.ProtoReflect().Set(f.Desc, a.ProtoReflect().Get(f.Desc))
		}
	}
	return b
}

// reviewApplications walks everybody up: the employer recommends and passes, with some returned and corrected and one refused; then the
// department; then the city's two posts (D3-D6).
func (y *year) reviewApplications(ctx context.Context) (int, error) {
	for i, account := range employers {
		if err := y.reviewOwn(ctx, y.as(account), i); err != nil {
			return 0, fmt.Errorf("%s: %w", account, err)
		}
	}
	for _, step := range []struct {
		account string
		tab     reviewv1.Tab
	}{{"housing", reviewv1.Tab_TAB_FIRST}, {"transport", reviewv1.Tab_TAB_FIRST}, {"city-first", reviewv1.Tab_TAB_FIRST}, {"city-second", reviewv1.Tab_TAB_FURTHER}} {
		if err := y.move(ctx, y.as(step.account), step.tab, approve, nil); err != nil {
			return 0, fmt.Errorf("%s: %w", step.account, err)
		}
	}
	reported, err := y.list(ctx, y.as("housing"), "committee", applicationv1.State_STATE_REPORTED.String())
	return len(reported), err
}

// move makes one move on everything under a tab that pick picks, in batches.
func (y *year) move(ctx context.Context, p *person, tab reviewv1.Tab, a *reviewv1.Action, pick func(int) bool) error {
	bases, err := y.bases(ctx, p, "review", tab.String())
	if err != nil {
		return err
	}
	var chosen []*commonv1.Base
	for i, b := range bases {
		if pick == nil || pick(i) {
			chosen = append(chosen, b)
		}
	}
	for batch := range slices.Chunk(chosen, 100) {
		resp, err := p.applications().ReviewApplications(ctx, &applicationv1.ReviewApplicationsRequest{Bases: batch, Action: a})
		if err := errors.Join(err, wire.First(resp.GetOutcomes())); err != nil {
			return err
		}
	}
	return nil
}

func (y *year) reviewOwn(ctx context.Context, p *person, i int) error {
	back := &reviewv1.Action{Move: reviewv1.Move_MOVE_RETURN, To: -1, Opinion: "请补充业绩说明", Defects: []*reviewv1.Defect{{Field: "achievements", Text: "业绩说明不完整"}}}
	if err := y.move(ctx, p, reviewv1.Tab_TAB_FIRST, back, func(k int) bool { return k%19 == 5 }); err != nil {
		return err
	}
	if err := y.submit(ctx, p); err != nil {
		return err
	}
	if i == 3 {
		if err := y.move(ctx, p, reviewv1.Tab_TAB_FIRST, &reviewv1.Action{Move: reviewv1.Move_MOVE_REFUSE, Opinion: "不符合申报条件"}, func(k int) bool { return k == 0 }); err != nil {
			return err
		}
	}
	bases, err := y.bases(ctx, p, "review", reviewv1.Tab_TAB_FIRST.String())
	if err != nil {
		return err
	}
	proof, err := p.upload(ctx, "公示证明（虚构）.txt", []byte("公示证明（虚构）"+p.account))
	if err != nil {
		return err
	}
	resp, err := p.applications().RecommendApplications(ctx, &applicationv1.RecommendApplicationsRequest{Bases: bases, Recommendation: "经公示无异议，同意推荐（虚构）", PublicityProof: proof})
	if err := errors.Join(err, wire.First(resp.GetOutcomes())); err != nil {
		return err
	}
	return y.move(ctx, p, reviewv1.Tab_TAB_FIRST, approve, nil)
}

// qualify lets the committee accept who was reported (F1).
func (y *year) qualify(ctx context.Context) (int, error) {
	p := y.as("housing")
	all, err := y.list(ctx, p, "committee", applicationv1.State_STATE_REPORTED.String())
	if err != nil {
		return 0, err
	}
	for batch := range slices.Chunk(basesOf(all), 100) {
		resp, err := p.applications().QualifyApplications(ctx, &applicationv1.QualifyApplicationsRequest{Bases: batch, Action: approve})
		if err := errors.Join(err, wire.First(resp.GetOutcomes())); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}
