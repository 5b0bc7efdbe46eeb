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
	Diff        verifyDiff        `cmd:"" help:"Compare two room records and name the first difference."`
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
	Facts  bool   `help:"Print what was recomputed as JSON, as packaging/verify/verify_meeting.py --facts does."`
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
	if c.Facts {
		facts, err := v.Facts()
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(facts)
		return err
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

type verifyDiff struct {
	Old string `arg:"" help:"A room record, the earlier one."`
	New string `arg:"" help:"Another record of the same meeting."`
	Key string `help:"The server's public key, hex. Without it the records are only held against themselves."`
}

// Run says of each record whether it holds, and where the second differs from the first. That it goes on from the first is no difference.
func (c *verifyDiff) Run() error {
	var files [2][]byte
	for i, name := range []string{c.Old, c.New} {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files[i] = b
		verdict := "成立"
		if v, err := ballot.Verify(b, c.Key); err != nil {
			verdict = "不成立，" + err.Error()
		} else if len(v.Alarms) > 0 {
			verdict = fmt.Sprintf("自身一致，有%d项须查明", len(v.Alarms))
		} else if !v.Trusted {
			verdict = "自身一致（未给出服务器公钥）"
		}
		fmt.Printf("%s：%s\n", []string{"旧文件", "新文件"}[i], verdict)
	}
	d, err := ballot.Diff(files[0], files[1])
	if err != nil {
		return err
	}
	for i, s := range d.Found {
		fmt.Printf("%s：%s\n", []string{"第一处不同", "此外"}[min(i, 1)], s)
	}
	switch {
	case d.Same:
		fmt.Println("两份文件逐字节相同")
	case d.Extends:
		fmt.Println("新文件是旧文件的延续：旧文件中的内容都在新文件中，没有改动")
	default:
		return errors.New("两份文件不一致：" + d.Found[0])
	}
	return nil
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
