package serve_test

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	activityv1 "zhiping/proto/gen/zhiping/activity/v1"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	"zhiping/proto/gen/zhiping/application/v1/applicationv1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/proto/gen/zhiping/session/v1/sessionv1connect"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/activity"
	"zhiping/server/command"
	"zhiping/server/serve"
	"zhiping/server/servertest"
	"zhiping/shared/idnum"
	"zhiping/shared/wire"
)

// process is the real server as a process that can be killed.
type process struct {
	cmd *exec.Cmd
	url string
}

func launch(t *testing.T, program, data string) *process {
	t.Helper()
	cmd := exec.Command(program, "serve", "--data", data, "--listen", "127.0.0.1:0", "--plain")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	var address string
	if _, bad := fmt.Sscanf(line, "listening on %s", &address); err != nil || bad != nil {
		t.Fatal("the server did not come up again:", line, err)
	}
	return &process{cmd, "http://" + address}
}

// fire is the clerks who write while the server is killed under them.
type fire struct {
	t            *testing.T
	mu           sync.Mutex
	serial       int
	acknowledged map[string]bool // ids of the records that the server said were saved
	activity     *activityv1.Activity
}

func (f *fire) next() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.serial++
	return f.serial
}

func (f *fire) saved(ids ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		f.acknowledged[id] = true
	}
}

// create creates units until the server is gone.
func (f *fire) create(c unitv1connect.UnitServiceClient) {
	for {
		n := f.next()
		u := &unitv1.Unit{Id: servertest.NewID(), Name: fmt.Sprintf("示例单位%d", n), CreditCode: servertest.CreditCode(n), Kind: commonv1.UnitKind_UNIT_KIND_EMPLOYER, Division: "510100", Nature: "20", Contact: "联系人", Phone: "028-00000000"}
		if _, err := c.CreateUnit(ctx, &unitv1.CreateUnitRequest{Unit: u, Handlers: []*unitv1.NewStaff{servertest.NewStaff(fmt.Sprintf("clerk-%d", n))}}); err != nil {
			return
		}
		f.saved(u.Id)
	}
}

// imports imports sheets of applications until the server is gone.
func (f *fire) imports(c applicationv1connect.ApplicationServiceClient) {
	for {
		r := &applicationv1.ImportApplicationsRequest{}
		var ids []string
		for range 20 {
			first := fmt.Sprintf("519900%08d%03d", 19700101+f.next()/999%28, f.next()%999)
			r.Applications = append(r.Applications, &applicationv1.Application{
				Id: servertest.NewID(), ActivityId: f.activity.Id, Name: "示例", IdKind: "111", Number: first + string(idnum.ResidentCheck(first)), Education: "21",
				Series: f.activity.Series, Level: f.activity.Levels[0], Specialty: f.activity.Specialties[0], Title: "工程师", Method: "review",
			})
			ids = append(ids, r.Applications[len(r.Applications)-1].Id)
		}
		resp, err := c.ImportApplications(ctx, r)
		if err != nil {
			return
		}
		for i, o := range resp.Outcomes {
			if o.Fault == nil {
				f.saved(ids[i])
			}
		}
	}
}

// published puts a published activity into a database that no server has open.
func published(t *testing.T, data string) *activityv1.Activity {
	t.Helper()
	s, err := serve.Open(ctx, serve.Config{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	a := &activityv1.Activity{
		Id: servertest.NewID(), Name: "示例评审活动（虚构）", Year: 2026, CommitteeId: servertest.NewID(), Series: "05", Levels: []string{"3"}, Specialties: []string{"0501"},
		Published: true, SubmitBy: math.MaxInt64, CorrectBy: math.MaxInt64, ReceiveBy: math.MaxInt64,
	}
	_, err = command.Run(ctx, s.Run, &activityv1.GetActivityRequest{}, func(tx *command.Tx) (*activityv1.GetActivityResponse, error) {
		return &activityv1.GetActivityResponse{}, activity.Activities.Put(ctx, tx, a)
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return a
}

// The server is killed at random moments while clerks create units and import workbooks; whatever was acknowledged is there afterwards, the
// counters agree with the rows, and the audit log verifies.
func TestKilledServer(t *testing.T) {
	kills := 25
	if os.Getenv("SOAK_S") != "" {
		kills = 100
	}
	dir := t.TempDir()
	program, data := filepath.Join(dir, "zhiping-server"), filepath.Join(dir, "data")
	if out, err := exec.Command("go", "build", "-o", program, "zhiping/server").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := exec.Command(program, "admin", "bootstrap", "--data", data, "--name", "示例省人社厅（虚构）", "--credit-code", servertest.CreditCode(1), "--division", "510000",
		"--contact", "管理员", "--phone", "028-00000000", "--account", "topadmin", "--password", firstPassword).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	changed(t, program, data)
	random := rand.New(rand.NewPCG(11, 11))
	f := &fire{t: t, serial: 1, acknowledged: map[string]bool{}, activity: published(t, data)}
	for range kills {
		p := launch(t, program, data)
		opts := p.signIn(t)
		var clerks sync.WaitGroup
		for range 2 {
			clerks.Go(func() { f.create(unitv1connect.NewUnitServiceClient(http.DefaultClient, p.url, opts)) })
			clerks.Go(func() { f.imports(applicationv1connect.NewApplicationServiceClient(http.DefaultClient, p.url, opts)) })
		}
		time.AfterFunc(time.Duration(50+random.IntN(300))*time.Millisecond, func() { p.cmd.Process.Kill() })
		p.cmd.Wait()
		clerks.Wait()
	}
	t.Logf("%d kills, %d records acknowledged", kills, len(f.acknowledged))
	if len(f.acknowledged) < 10*kills {
		t.Fatalf("only %d records were acknowledged", len(f.acknowledged))
	}
	whole(t, program, data, f.acknowledged)
}

// signIn signs the administrator in and gives what the clients need.
func (p *process) signIn(t *testing.T) connect.Option {
	t.Helper()
	r := &sessionv1.SignInRequest{Account: "topadmin", Password: servertest.Password}
	resp, err := sessionv1connect.NewSessionServiceClient(http.DefaultClient, p.url, connect.WithInterceptors(wire.NewClient(servertest.NewID(), nil))).SignIn(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	return connect.WithInterceptors(wire.NewClient(servertest.NewID(), func() string { return resp.Token }))
}

// firstPassword is the administrator's until the first sign-in.
const firstPassword = "first-password-1"

// changed lets the administrator sign in for the first time and change the password.
func changed(t *testing.T, program, data string) {
	t.Helper()
	p := launch(t, program, data)
	token := ""
	s := sessionv1connect.NewSessionServiceClient(http.DefaultClient, p.url, connect.WithInterceptors(wire.NewClient(servertest.NewID(), func() string { return token })))
	resp, err := s.SignIn(ctx, &sessionv1.SignInRequest{Account: "topadmin", Password: firstPassword})
	if err != nil || !resp.Identity.MustChange {
		t.Fatal(resp, err)
	}
	token = resp.Token
	if _, err := s.ChangePassword(ctx, &sessionv1.ChangePasswordRequest{OldPassword: firstPassword, NewPassword: servertest.Password}); err != nil {
		t.Fatal(err)
	}
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// whole checks that every acknowledged record is there, that the counters agree, and that the audit log does.
func whole(t *testing.T, program, data string, acknowledged map[string]bool) {
	t.Helper()
	p := launch(t, program, data)
	opts := p.signIn(t)
	units, applications := unitv1connect.NewUnitServiceClient(http.DefaultClient, p.url, opts), applicationv1connect.NewApplicationServiceClient(http.DefaultClient, p.url, opts)
	for what, page := range map[string]func(*commonv1.Query) ([]string, *commonv1.PageInfo, error){
		"units": func(q *commonv1.Query) (ids []string, _ *commonv1.PageInfo, err error) {
			resp, err := units.ListUnits(ctx, &unitv1.ListUnitsRequest{Query: q})
			for _, u := range resp.GetUnits() {
				ids = append(ids, u.Id)
			}
			return ids, resp.GetPage(), err
		},
		"applications": func(q *commonv1.Query) (ids []string, _ *commonv1.PageInfo, err error) {
			resp, err := applications.ListApplications(ctx, &applicationv1.ListApplicationsRequest{Query: q})
			for _, a := range resp.GetApplications() {
				ids = append(ids, a.Id)
			}
			return ids, resp.GetPage(), err
		},
	} {
		seen, total := 0, int64(0)
		for q := (&commonv1.Query{Size: 200}); ; {
			ids, info, err := page(q)
			if err != nil {
				t.Fatal(err)
			}
			seen, total = seen+len(ids), info.Total
			for _, id := range ids {
				delete(acknowledged, id)
			}
			if q.After = info.Next; q.After == "" {
				break
			}
		}
		if int64(seen) != total || seen == 0 {
			t.Errorf("%d %s, the counter says %d", seen, what, total)
		}
	}
	if len(acknowledged) > 0 {
		t.Errorf("%d acknowledged records are lost", len(acknowledged))
	}
	p.cmd.Process.Kill()
	p.cmd.Wait()
	if out, err := exec.Command(program, "verify", "audit", "--data", data).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
