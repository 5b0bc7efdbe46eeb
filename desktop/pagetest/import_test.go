package pagetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zhiping/desktop/application"
	"zhiping/desktop/cache"
	"zhiping/desktop/outbox"
	"zhiping/desktop/syncer"
	"zhiping/desktop/vault"
	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	exportv1 "zhiping/proto/gen/zhiping/export/v1"
	"zhiping/server/activity"
	"zhiping/server/command"
	"zhiping/server/servertest"
	rules "zhiping/shared/application"
	"zhiping/shared/idnum"
)

// oneFile is the file that a person chooses.
type oneFile struct{ path string }

func (f oneFile) Open(_ []string, then func(string)) { then(f.path) }
func (f oneFile) Save(_ string, then func(string))   { then(f.path) }

// published puts a published activity straight into the server.
func (o *office) published() *activityv1.Activity {
	o.t.Helper()
	a := &activityv1.Activity{
		Id: servertest.NewID(), Name: "示例评审活动（虚构）", Year: 2026, CommitteeId: servertest.NewID(), Series: "05", Levels: []string{"3"}, Specialties: []string{"0501"},
		Published: true, SubmitBy: math.MaxInt64, CorrectBy: math.MaxInt64, ReceiveBy: math.MaxInt64,
	}
	_, err := command.Run(context.Background(), o.h.Server.Run, &activityv1.GetActivityRequest{}, func(tx *command.Tx) (*activityv1.GetActivityResponse, error) {
		return &activityv1.GetActivityResponse{}, activity.Activities.Put(context.Background(), tx, a)
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return a
}

// people are rows for the template; the last has the number of the first.
func people(n int) func(func(*applicationv1.Application) bool) {
	return func(yield func(*applicationv1.Application) bool) {
		for i := range n {
			first := fmt.Sprintf("51990019800101%03d", i%(n-1))
			a := &applicationv1.Application{
				Name: "示例" + strings.Repeat("甲", 1+i%(n-1)%3), IdKind: "111", Number: first + string(idnum.ResidentCheck(first)), Education: "21",
				Series: "05", Level: "3", Specialty: "0501", Title: "工程师", Method: "review",
			}
			if !yield(a) {
				return
			}
		}
	}
}

// through lets the office work through an outbox that is kept in step with the server.
func (o *office) through(effects map[string]cache.Effect) (*syncer.Client, *syncer.Account) {
	o.t.Helper()
	c := syncer.Dial(o.h.URL, "")
	account, err := syncer.OpenAccount(o.t.Context(), c, o.t.TempDir(), "topadmin", servertest.Password, vault.None{}, time.Now)
	if err != nil {
		o.t.Fatal(err)
	}
	s := syncer.New(c, account.Box, account.Mirror, c.Actor(), effects, account.Files(), time.Now, func(map[string]bool) {})
	stop := s.Start()
	o.t.Cleanup(func() {
		stop()
		if err := account.Close(); err != nil {
			o.t.Error(err)
		}
	})
	o.By, o.Box, o.Judge = c.Actor(), account.Box, syncer.Faults
	return c, account
}

// An import through the page, the outbox and the real server: every row is a record once, what the server refuses comes back as a failed row, and
// the outbox is told in one piece which rows a part carries.
func TestImportThroughTheOutbox(t *testing.T) {
	o := newOffice(t)
	act := o.published()
	c, account := o.through(application.Effects)

	const n = 230
	path := filepath.Join(t.TempDir(), "people.xlsx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(rules.Sheet().Write(f, people(n)), f.Close()); err != nil {
		t.Fatal(err)
	}
	o.Files = oneFile{path}
	p := application.NewImport(act, c.Applications(), o.Desk)
	o.show(p.Content)
	o.press(p.Content, "2. 选择")
	if good, failed := p.Batch.Count(); good != n || failed != 0 {
		t.Fatal(good, failed, texts(p.Content))
	}
	o.press(p.Content, "3. 确认导入")
	p.Load()
	good, failed := p.Batch.Count()
	if good != 0 || failed != 1 || p.Batch.Failed(0).Number != 3+n {
		t.Fatalf("%d good, %d failed: %s", good, failed, texts(p.Content))
	}
	o.contains(texts(p.Content), fmt.Sprintf("已导入 %d 行", n-1), "服务器退回 1 行", "已")
	all, err := account.Box.Imports(t.Context(), "", "")
	if err != nil || len(all) != 1 || all[0].State != outbox.Done || all[0].Rows[outbox.RowTaken] != n-1 {
		t.Fatal(all, err)
	}
	if sent, err := account.Box.Since(t.Context(), 0); err != nil || len(sent) != 3 {
		t.Errorf("%d parts are in the outbox, %v", len(sent), err)
	}
	list, err := c.Applications().ListApplications(t.Context(), &applicationv1.ListApplicationsRequest{Query: &commonv1.Query{Scope: "own"}})
	if err != nil || list.Page.Total != n-1 {
		t.Fatal(list.GetPage(), err)
	}
	if _, err := c.Exports().RecordExport(t.Context(), &exportv1.RecordExportRequest{Export: &exportv1.Export{Id: servertest.NewID(), List: "名单", Rows: n}}); err != nil {
		t.Error("an export is recorded through the outbox:", err)
	}
}
