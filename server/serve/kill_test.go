package serve_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/proto/gen/zhiping/session/v1/sessionv1connect"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/servertest"
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

// The server is killed at random moments while clerks write; whatever was acknowledged is there afterwards, and sending the rest again does
// nothing twice.
func TestKilledServer(t *testing.T) {
	kills := 8
	if os.Getenv("SOAK_S") != "" {
		kills = 50
	}
	dir := t.TempDir()
	program, data := filepath.Join(dir, "zhiping-server"), filepath.Join(dir, "data")
	if out, err := exec.Command("go", "build", "-o", program, "zhiping/server").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := exec.Command(program, "admin", "bootstrap", "--data", data, "--name", "示例省人社厅（虚构）", "--credit-code", servertest.CreditCode(1), "--division", "510000",
		"--contact", "管理员", "--phone", "028-00000000", "--account", "topadmin", "--password", servertest.Password).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	random := rand.New(rand.NewPCG(11, 11))
	var mu sync.Mutex
	acknowledged, serial := map[string]bool{}, 1
	for range kills {
		p := launch(t, program, data)
		client := wire.NewClient(servertest.NewID(), nil)
		first, err := sessionv1connect.NewSessionServiceClient(http.DefaultClient, p.url, connect.WithInterceptors(client)).SignIn(ctx, &sessionv1.SignInRequest{Account: "topadmin", Password: servertest.Password})
		if err != nil {
			t.Fatal(err)
		}
		units := unitv1connect.NewUnitServiceClient(http.DefaultClient, p.url, connect.WithInterceptors(wire.NewClient(servertest.NewID(), func() string { return first.Token })))
		var clerks sync.WaitGroup
		for range 4 {
			clerks.Go(func() {
				for {
					mu.Lock()
					serial++
					n := serial
					mu.Unlock()
					u := &unitv1.Unit{Id: servertest.NewID(), Name: fmt.Sprintf("示例单位%d", n), CreditCode: servertest.CreditCode(n), Kind: commonv1.UnitKind_UNIT_KIND_EMPLOYER, Division: "510100", Nature: "20", Contact: "联系人", Phone: "028-00000000"}
					if _, err := units.CreateUnit(ctx, &unitv1.CreateUnitRequest{Unit: u, Handlers: []*unitv1.NewStaff{servertest.NewStaff(fmt.Sprintf("clerk-%d", n))}}); err != nil {
						return // the server is gone
					}
					mu.Lock()
					acknowledged[u.Id] = true
					mu.Unlock()
				}
			})
		}
		time.AfterFunc(time.Duration(150+random.IntN(400))*time.Millisecond, func() { p.cmd.Process.Kill() })
		p.cmd.Wait()
		clerks.Wait()
	}
	if len(acknowledged) < kills {
		t.Fatalf("only %d commands were acknowledged", len(acknowledged))
	}
	whole(t, program, data, acknowledged)
}

// whole checks that every acknowledged unit is there, that the counters agree, and that the audit log does.
func whole(t *testing.T, program, data string, acknowledged map[string]bool) {
	t.Helper()
	p := launch(t, program, data)
	token := ""
	opts := connect.WithInterceptors(wire.NewClient(servertest.NewID(), func() string { return token }))
	resp, err := sessionv1connect.NewSessionServiceClient(http.DefaultClient, p.url, opts).SignIn(ctx, &sessionv1.SignInRequest{Account: "topadmin", Password: servertest.Password})
	if err != nil {
		t.Fatal(err)
	}
	token = resp.Token
	units := unitv1connect.NewUnitServiceClient(http.DefaultClient, p.url, opts)
	seen, total := 0, int64(0)
	q := &commonv1.Query{Size: 200}
	for {
		page, err := units.ListUnits(ctx, &unitv1.ListUnitsRequest{Query: q})
		if err != nil {
			t.Fatal(err)
		}
		seen, total = seen+len(page.Units), page.Page.Total
		for _, u := range page.Units {
			delete(acknowledged, u.Id)
		}
		if q.After = page.Page.Next; q.After == "" {
			break
		}
	}
	if len(acknowledged) > 0 || int64(seen) != total {
		t.Errorf("%d acknowledged units are lost; %d rows, the counter says %d", len(acknowledged), seen, total)
	}
	p.cmd.Process.Kill()
	p.cmd.Wait()
	if out, err := exec.Command(program, "verify", "audit", "--data", data).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
