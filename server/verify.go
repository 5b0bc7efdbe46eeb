package main

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"zhiping/server/audit"
	"zhiping/server/keys"
	"zhiping/server/serve"
	"zhiping/shared/ballot"
	"zhiping/shared/certificate"
	"zhiping/shared/draw"
	"zhiping/shared/meeting"
	"zhiping/shared/print"
)

type verifyCommand struct {
	Audit       verifyAudit       `cmd:"" help:"Recompute the audit log and hold it against the signed checkpoint."`
	Draw        verifyDraw        `cmd:"" help:"Recompute a draw from its record."`
	Meeting     verifyMeeting     `cmd:"" help:"Recompute a meeting from its room record."`
	Certificate verifyCertificate `cmd:"" help:"Check the text of a certificate's QR code."`
}

type verifyDraw struct {
	File string `arg:"" help:"The record, JSON."`
}

func (c *verifyDraw) Run() error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	return errors.Join(draw.Verify(f, os.Stdout), f.Close())
}

type verifyMeeting struct {
	File   string `arg:"" help:"The room record."`
	Key    string `help:"The server's public key, hex, as serve prints it. Without it the record is only held against itself."`
	Report string `help:"Write a report for people who were not there: a .pdf or .txt file." placeholder:"OUT"`
}

func (c *verifyMeeting) Run() error {
	b, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	v, bad := ballot.Verify(b, c.Key)
	rep := meeting.Verification(b, v, bad)
	if err := c.report(rep); err != nil || bad != nil {
		return errors.Join(bad, err)
	}
	for _, id := range v.State.Order {
		rs, r := v.State.Rounds[id], v.State.Package.Round(id)
		fmt.Printf("轮次 %s：%s\n", id, rs.State)
		if rs.Tally == nil {
			continue
		}
		for i, a := range v.State.Package.Applicants {
			fmt.Printf("%d\t%s\t%s\n", a.Position, a.Name, r.Outcome(&rs.Tally.Results[i], rs.Close.Present))
		}
	}
	if !v.Trusted {
		fmt.Printf("没有给出服务器公钥：只证明记录自身一致，没有证明会议包由哪台服务器签发（文件所带公钥 %s）\n", v.Server)
	}
	fmt.Printf("记录 %d 条，根 %s，短码 %s\n", v.Size, v.Root, meeting.Short(v.Root[:]))
	if len(v.Alarms) > 0 {
		return fmt.Errorf("记录自身一致，但须查明：%s", strings.Join(v.Alarms, "；"))
	}
	fmt.Println("一致")
	return nil
}

// report writes the report, if one is wanted.
func (c *verifyMeeting) report(rep *print.Report) error {
	switch ext := filepath.Ext(c.Report); {
	case c.Report == "":
		return nil
	case ext == ".txt":
		return os.WriteFile(c.Report, []byte(meeting.Text(rep)), 0o600)
	case ext == ".pdf":
		b, err := print.Render(print.Meta{Made: time.Now()}, rep)
		if err != nil {
			return err
		}
		return os.WriteFile(c.Report, b, 0o600)
	default:
		return errors.New("the report is a .pdf or .txt file")
	}
}

type verifyCertificate struct {
	File string `arg:"" help:"A file with the text of the QR code."`
	Key  string `required:"" help:"The server's public key, hex, as serve prints it."`
}

func (c *verifyCertificate) Run() error {
	b, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	key, err := hex.DecodeString(c.Key)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return errors.New("the key is 64 hexadecimal digits")
	}
	f, err := certificate.Verify(string(b), key)
	if err != nil {
		return err
	}
	fmt.Printf("%s，%s，%s，证书编号%s，%s批准\n证书真实；是否已撤销须联网查询\n", f.Name, f.Title, f.Committee, f.Number, f.ApprovedOn)
	return nil
}

type verifyAudit struct{ data }

func (c *verifyAudit) Run(ctx context.Context) error {
	ring, err := keys.Open(filepath.Join(c.Data, "keys"), time.Now)
	if err != nil {
		return err
	}
	d, err := serve.Database(ctx, serve.Config{Dir: c.Data, Database: c.Database})
	if err != nil {
		return err
	}
	r, err := audit.Verify(ctx, d, ring.Verifier())
	if err = errors.Join(err, d.Close()); err != nil {
		return err
	}
	fmt.Printf("审计记录 %d 条，根 %s，已签名至第 %d 条\n一致\n", r.Entries, r.Root, r.Signed)
	return nil
}
