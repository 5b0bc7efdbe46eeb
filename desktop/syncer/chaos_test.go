package syncer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"zhiping/desktop/outbox"
	"zhiping/desktop/unit"
	"zhiping/desktop/vault"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/servertest"
	"zhiping/shared/fault"
)

// clerkArguments names the environment of the test's own program started again as a clerk's desktop: folder, server and account.
const clerkArguments = "ZHIPING_TEST_CLERK"

// chaoticClerk is a desktop without a window: it edits the units it sees as fast as it can until a line comes in, then waits until everything has
// its result, and says so.
func chaoticClerk(arguments string) error {
	a := strings.Split(arguments, "|")
	c := Dial(a[1], "")
	account, err := signIn(c, a[0], a[2])
	if err != nil {
		return err
	}
	s := New(c, account.Box, account.Mirror, c.Actor(), unit.Effects, account.Files(), time.Now, func(map[string]bool) {})
	stop := s.Start()
	quiet := make(chan struct{})
	go func() {
		bufio.NewReader(os.Stdin).ReadString('\n')
		close(quiet)
	}()
	ids := strings.Split(a[3], ",")
	tick := time.NewTicker(15 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-quiet:
			return settle(s, account, stop)
		case <-tick.C:
		}
		m, ok, err := account.Mirror.Get(ctx, "unit", ids[n%len(ids)])
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		u := proto.CloneOf(m.(*unitv1.Unit))
		u.Address = fmt.Sprintf("%s-%d", a[2], n)
		if _, err := c.Units().SaveUnit(ctx, &unitv1.SaveUnitRequest{Unit: u}); err != nil && s.Status().Online {
			continue // refused: somebody else was first
		}
	}
}

// signIn signs a clerk in, again and again while the server is away and has never been seen from here: a clerk does the same.
func signIn(c *Client, base, account string) (*Account, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		a, err := OpenAccount(ctx, c, base, account, servertest.Password, vault.None{}, time.Now)
		if fault.CodeOf(err) != fault.Offline {
			return a, err
		}
		<-tick.C
	}
}

func settle(s *Syncer, a *Account, stop func()) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		sum, err := a.Box.Summary(ctx)
		if err != nil {
			return err
		}
		if sum.Waiting == 0 {
			break
		}
	}
	stop()
	if err := s.Sync(ctx); err != nil {
		return err
	}
	fmt.Println("quiet")
	return a.Close()
}

// chaos is the processes.
type chaos struct {
	t                  *testing.T
	dir, program, data string
	address            string
	ids                []string
	server             *exec.Cmd
	clerks             map[string]*desktopProcess
	kills              int
}

type desktopProcess struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func (c *chaos) startServer() {
	c.t.Helper()
	c.server = exec.Command(c.program, "serve", "--data", c.data, "--listen", c.address, "--plain")
	out, err := c.server.StdoutPipe()
	if err == nil {
		err = c.server.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		c.t.Fatal("the server did not come up:", line, err)
	}
}

func (c *chaos) startClerk(account string) {
	c.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), clerkArguments+"="+strings.Join([]string{filepath.Join(c.dir, "desktop"), "http://" + c.address, account, strings.Join(c.ids, ",")}, "|"))
	cmd.Stderr = c.t.Output() // why it ended, if it does by itself
	in, err := cmd.StdinPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.clerks[account] = &desktopProcess{cmd, in, bufio.NewReader(out)}
}

func (c *chaos) kill(cmd *exec.Cmd) {
	cmd.Process.Kill()
	cmd.Wait()
	c.kills++
}

// found makes the units and the accounts.
func (c *chaos) found() {
	c.t.Helper()
	if out, err := exec.Command(c.program, "admin", "bootstrap", "--data", c.data, "--name", "示例省人社厅（虚构）", "--credit-code", servertest.CreditCode(1), "--division", "510000",
		"--contact", "管理员", "--phone", "028-00000000", "--account", "first", "--password", firstPassword).CombinedOutput(); err != nil {
		c.t.Fatalf("%v\n%s", err, out)
	}
	c.startServer()
	client := Dial("http://"+c.address, "")
	if err := firstSignIn(client, "first"); err != nil {
		c.t.Fatal(err)
	}
	top := client.Identity.Unit
	c.ids = append(c.ids, top.Id)
	second := servertest.NewStaff("second")
	second.Staff.UnitId, second.Staff.Super = top.Id, true
	if _, err := client.Units().SaveStaff(ctx, &unitv1.SaveStaffRequest{Staff: second.Staff, Password: firstPassword}); err != nil {
		c.t.Fatal(err)
	}
	for i := range 4 {
		u := &unitv1.Unit{Id: servertest.NewID(), Name: fmt.Sprint("示例单位", i), CreditCode: servertest.CreditCode(i + 2), Kind: 3, Division: "510100", Nature: "20", Contact: "联系人", Phone: "028-00000000"}
		h := servertest.NewStaff([]string{"third", "fourth", "fifth", "sixth"}[i])
		h.Password = firstPassword
		if _, err := client.Units().CreateUnit(ctx, &unitv1.CreateUnitRequest{Unit: u, Handlers: []*unitv1.NewStaff{h}}); err != nil {
			c.t.Fatal(err)
		}
		c.ids = append(c.ids, u.Id)
	}
	for _, account := range []string{"second", "third"} {
		if err := firstSignIn(Dial("http://"+c.address, ""), account); err != nil {
			c.t.Fatal(err)
		}
	}
}

// firstPassword is that of everybody before the first sign-in.
const firstPassword = "temporary-pass-1"

// firstSignIn signs somebody in for the first time and changes the password.
func firstSignIn(c *Client, account string) error {
	if err := c.SignIn(ctx, account, firstPassword); err != nil {
		return err
	}
	if err := c.ChangePassword(ctx, &sessionv1.ChangePasswordRequest{OldPassword: firstPassword, NewPassword: servertest.Password}); err != nil {
		return err
	}
	return c.SignAgain(ctx, servertest.Password)
}

// Real processes - a server and three desktops - are killed at random for a while. When it is quiet again, everything that was done has its
// result before the deadline, took effect once, and every desktop sees what the server has.
func TestChaos(t *testing.T) {
	rounds := 12
	if s, err := strconv.Atoi(os.Getenv("SOAK_S")); err == nil {
		rounds = s
	}
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &chaos{t: t, dir: dir, program: filepath.Join(dir, "zhiping-server"), data: filepath.Join(dir, "data"), address: l.Addr().String(), clerks: map[string]*desktopProcess{}}
	l.Close()
	if out, err := exec.Command("go", "build", "-o", c.program, "zhiping/server").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// Before the first process starts: whatever fails from here on, none is left behind.
	defer func() {
		for _, p := range c.clerks {
			p.cmd.Process.Kill()
		}
		if c.server != nil && c.server.Process != nil {
			c.server.Process.Kill()
			c.server.Wait()
		}
	}()
	c.found()
	accounts := []string{"first", "second", "third"}
	for _, a := range accounts {
		c.startClerk(a)
	}
	random := rand.New(rand.NewPCG(77, uint64(rounds)))
	pause := time.NewTimer(0)
	defer pause.Stop()
	for range rounds {
		<-pause.C
		if random.IntN(3) == 0 {
			c.kill(c.server)
			c.startServer()
		} else {
			a := accounts[random.IntN(len(accounts))]
			c.kill(c.clerks[a].cmd)
			c.startClerk(a)
		}
		pause.Reset(time.Duration(200+random.IntN(600)) * time.Millisecond)
	}
	<-pause.C
	if err := c.quiet(accounts); err != nil {
		t.Fatal(err)
	}
	c.agree(accounts)
	t.Logf("%d kills", c.kills)
}

// deadline is how long it may take until everything has its result.
const deadline = 90 * time.Second

func (c *chaos) quiet(accounts []string) error {
	limit := time.AfterFunc(deadline, func() {
		for _, p := range c.clerks {
			p.cmd.Process.Kill()
		}
	})
	defer limit.Stop()
	for _, a := range accounts {
		p := c.clerks[a]
		if _, err := io.WriteString(p.in, "quiet\n"); err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
	}
	// One after the other in two turns: the last change of one is to be seen by all.
	for _, a := range accounts {
		p := c.clerks[a]
		line, err := p.out.ReadString('\n')
		if line != "quiet\n" {
			return fmt.Errorf("%s did not come to rest within %s: %q %w", a, deadline, line, err)
		}
		if err := p.cmd.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// agree opens every desktop's folder, pulls once more and compares it with the server.
func (c *chaos) agree(accounts []string) {
	t := c.t
	applied := map[string]int64{}
	var first unitv1connect.UnitServiceClient
	for _, name := range accounts {
		client := Dial("http://"+c.address, "")
		a, err := OpenAccount(ctx, client, filepath.Join(c.dir, "desktop"), name, servertest.Password, vault.None{}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			plain := Dial("http://"+c.address, "")
			if err := plain.SignIn(ctx, name, servertest.Password); err != nil {
				t.Fatal(err)
			}
			first = plain.Units()
		}
		s := New(client, a.Box, a.Mirror, client.Actor(), unit.Effects, a.Files(), time.Now, func(map[string]bool) {})
		if err := s.Sync(ctx); err != nil {
			t.Fatal(name, err)
		}
		all, err := a.Box.Since(ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		done := 0
		for _, m := range all {
			if m.State == outbox.Pending {
				t.Errorf("%s: %d still waits", name, m.Number)
			}
			if m.State == outbox.Applied {
				done++
				applied[IDs(m)[0]]++
			}
		}
		t.Logf("%s: %d changes, %d applied", name, len(all), done)
		if name != "third" { // sees only its own unit
			for _, id := range c.ids {
				got, err := first.GetUnit(ctx, &unitv1.GetUnitRequest{Id: id})
				m, ok, bad := a.Mirror.Get(ctx, "unit", id)
				if err := errors.Join(err, bad); err != nil || !ok || !proto.Equal(m, got.Unit) {
					t.Errorf("%s sees %v, the server has %v (%v)", name, m, got, err)
				}
			}
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range c.ids {
		got, err := first.GetUnit(ctx, &unitv1.GetUnitRequest{Id: id})
		if err != nil {
			t.Fatal(err)
		}
		if got.Unit.Revision-1 != applied[id] {
			t.Errorf("%s was changed %d times, the clerks were told of %d", got.Unit.Name, got.Unit.Revision-1, applied[id])
		}
	}
}
