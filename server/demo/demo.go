// Package demo walks one review year of an invented city through the real programs: workbooks in, the real server as a process, the RPCs
// that the desktop uses, a secret vote held while the server is stopped by a hub and booths as processes, certificates out. Everything
// in it is fiction and says so.
package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"zhiping/proto/gen/zhiping/activity/v1/activityv1connect"
	"zhiping/proto/gen/zhiping/application/v1/applicationv1connect"
	"zhiping/proto/gen/zhiping/attachment/v1/attachmentv1connect"
	"zhiping/proto/gen/zhiping/certificate/v1/certificatev1connect"
	"zhiping/proto/gen/zhiping/committee/v1/committeev1connect"
	"zhiping/proto/gen/zhiping/confirmation/v1/confirmationv1connect"
	"zhiping/proto/gen/zhiping/expert/v1/expertv1connect"
	"zhiping/proto/gen/zhiping/meeting/v1/meetingv1connect"
	"zhiping/proto/gen/zhiping/publicity/v1/publicityv1connect"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
)

// Password is that of every invented account once it has been signed in to; firstPassword is what those begin with that somebody else has
// created.
const (
	Password      = "demo-password-1"
	firstPassword = "first-password-1"
)

// A Config says how large the year is and where it goes.
type Config struct {
	Out          string // folder for documents, workbooks and the server's data; it must be empty or not exist
	Server       string // the program zhiping-server
	Desktop      string // the program zhiping
	Seed         uint64
	Experts      int
	Applications int
	Panel        int
	Until        string // the stage after which to stop, to go on by hand; "" is the whole year
}

// year is the walk.
type year struct {
	Config
	fiction *fiction
	server  *server
	people  map[string]*person
	rows    []row
	started time.Time

	committeeID, activityID, meetingID string
	rooms                              []string       // ids of the meeting's sessions, the plenary last
	seated                             map[string]int // the number of the laptop of each expert in each session
	votes, certificates                int
}

// row is a line of the table at the end.
type row struct {
	stage   string
	count   int
	seconds float64
}

// Run walks the year.
func Run(ctx context.Context, c Config) (err error) {
	for _, dir := range []string{"data", "workbooks", "documents", "keys", "room"} {
		if err := os.MkdirAll(filepath.Join(c.Out, dir), 0o700); err != nil {
			return err
		}
	}
	log, err := os.Create(filepath.Join(c.Out, "server.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	y := &year{Config: c, fiction: newFiction(c.Seed), people: map[string]*person{}, seated: map[string]int{}, server: &server{program: c.Server, data: filepath.Join(c.Out, "data"), log: log}}
	defer func() {
		if stop := y.server.stop(); err == nil {
			err = stop
		}
	}()
	for _, s := range []struct {
		name string
		run  func(context.Context) (int, error)
	}{
		{"建立单位和工作人员", y.foundUnits},
		{"评委会备案", y.fileCommittee},
		{"专家入库", y.fillPool},
		{"评审活动发布", y.publishActivity},
		{"公告、消息和主管部门", y.inform},
		{"申报人员导入", y.importApplications},
		{"材料审核", y.reviewApplications},
		{"参评资格审核", y.qualify},
		{"专家抽选", y.drawPanel},
		{"签发会议包", y.issuePackage},
		{"会议表决（服务器已停止）", y.holdMeeting},
		{"移交并核验会议记录", y.handOver},
		{"公示", y.publicise},
		{"结果确认", y.confirm},
		{"发放证书", y.certify},
		{"核验", y.verify},
	} {
		y.started = time.Now()
		n, err := s.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		y.rows = append(y.rows, row{s.name, n, time.Since(y.started).Seconds()})
		fmt.Printf("✓ %s：%d（%.1f 秒）\n", s.name, n, y.rows[len(y.rows)-1].seconds)
		if s.name == c.Until {
			break
		}
	}
	y.table()
	return nil
}

func (y *year) table() {
	fmt.Println("\n环节                              数量      秒")
	total := 0.0
	for _, r := range y.rows {
		pad := strings.Repeat(" ", max(1, 34-width(r.stage)))
		fmt.Printf("%s%s%4d  %6.1f\n", r.stage, pad, r.count, r.seconds)
		total += r.seconds
	}
	fmt.Printf("共 %.1f 秒；选票 %d 份，证书 %d 份。以上单位、人员均为虚构。\n", total, y.votes, y.certificates)
}

// width is how many columns a text takes on a terminal.
func width(s string) (n int) {
	for _, r := range s {
		if n++; r > 0x2e80 {
			n++
		}
	}
	return n
}

func (y *year) path(parts ...string) string {
	return filepath.Join(append([]string{y.Out}, parts...)...)
}

// as gives a signed-in person by the account.
func (y *year) as(account string) *person { return y.people[account] }

// signIn signs people in for the first time, whom others have given accounts.
func (y *year) signIn(ctx context.Context, accounts ...string) error {
	for _, a := range accounts {
		p, err := y.server.person(ctx, a, firstPassword)
		if err != nil {
			return err
		}
		y.people[a] = p
	}
	return nil
}

// restart stops the server and starts it on another date; everybody signs in again.
func (y *year) restart(ctx context.Context, date string) error {
	if err := y.server.stop(); err != nil {
		return err
	}
	if err := y.server.start(date); err != nil {
		return err
	}
	for _, p := range y.people {
		if err := p.signIn(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *person) units() unitv1connect.UnitServiceClient {
	return unitv1connect.NewUnitServiceClient(p.http, p.url, p.opts...)
}

func (p *person) committees() committeev1connect.CommitteeServiceClient {
	return committeev1connect.NewCommitteeServiceClient(p.http, p.url, p.opts...)
}

func (p *person) experts() expertv1connect.ExpertServiceClient {
	return expertv1connect.NewExpertServiceClient(p.http, p.url, p.opts...)
}

func (p *person) activities() activityv1connect.ActivityServiceClient {
	return activityv1connect.NewActivityServiceClient(p.http, p.url, p.opts...)
}

func (p *person) applications() applicationv1connect.ApplicationServiceClient {
	return applicationv1connect.NewApplicationServiceClient(p.http, p.url, p.opts...)
}

func (p *person) meetings() meetingv1connect.MeetingServiceClient {
	return meetingv1connect.NewMeetingServiceClient(p.http, p.url, p.opts...)
}

func (p *person) publicities() publicityv1connect.PublicityServiceClient {
	return publicityv1connect.NewPublicityServiceClient(p.http, p.url, p.opts...)
}

func (p *person) confirmations() confirmationv1connect.ConfirmationServiceClient {
	return confirmationv1connect.NewConfirmationServiceClient(p.http, p.url, p.opts...)
}

func (p *person) certificates() certificatev1connect.CertificateServiceClient {
	return certificatev1connect.NewCertificateServiceClient(p.http, p.url, p.opts...)
}

func (p *person) attachments() attachmentv1connect.AttachmentServiceClient {
	return attachmentv1connect.NewAttachmentServiceClient(p.http, p.url, p.opts...)
}
