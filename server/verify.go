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
	File string `arg:"" help:"The room record."`
	publicKeys
	Report string `help:"Write a report for people who were not there: a .pdf or .txt file." placeholder:"OUT"`
	Facts  bool   `help:"Print what was recomputed as JSON, as packaging/verify/verify_meeting.py --facts does."`
}

// publicKeys are the keys that something is verified with: one, or all those a server has had.
type publicKeys struct {
	Key     []string `help:"The server's public key, hex, as serve prints it; several are separated by commas. Without one a record is only held against itself." placeholder:"KEY,..."`
	KeyFile string   `help:"A file with public keys, as keys list prints them; retired ones are left out." type:"existingfile" placeholder:"FILE"`
}

// all reads the keys.
func (p *publicKeys) all() ([]string, error) {
	all := p.Key
	if p.KeyFile != "" {
		b, err := os.ReadFile(p.KeyFile)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(b)) {
			if words := strings.Fields(line); len(words) > 0 && !strings.Contains(line, "已停用") {
				all = append(all, words[len(words)-1])
			}
		}
		if len(all) == 0 {
			return nil, errors.New("the key file holds no key")
		}
	}
	for _, k := range all {
		if b, err := hex.DecodeString(k); err != nil || len(b) != ed25519.PublicKeySize {
			return nil, errors.New("a key is 64 hexadecimal digits")
		}
	}
	return all, nil
}

func (c *verifyMeeting) Run() error {
	b, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	keys, err := c.all()
	if err != nil {
		return err
	}
	v, bad := verified(b, keys)
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
		if rs.SignOff != nil {
			fmt.Printf("签字时的短码 %s\n", meeting.SignedCode(rs.SignOff))
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

// verified verifies a record with the one of several keys that signed its package.
func verified(file []byte, keys []string) (*ballot.Verified, error) {
	if len(keys) == 0 {
		return ballot.Verify(file, "")
	}
	key, err := ballot.ServerOf(file, keys)
	if err != nil {
		return nil, err
	}
	return ballot.Verify(file, key)
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
	publicKeys
}

// Run says of each record whether it holds, and where the second differs from the first. That it goes on from the first is no difference.
func (c *verifyDiff) Run() error {
	keys, err := c.all()
	if err != nil {
		return err
	}
	var files [2][]byte
	for i, name := range []string{c.Old, c.New} {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files[i] = b
		verdict := "成立"
		if v, err := verified(b, keys); err != nil {
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
	publicKeys
}

func (c *verifyCertificate) Run() error {
	b, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	all, err := c.all()
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return errors.New("name the server's public key with --key or --key-file")
	}
	var keys []ed25519.PublicKey
	for _, k := range all {
		public, err := hex.DecodeString(k)
		if err != nil {
			return err
		}
		keys = append(keys, public)
	}
	f, err := certificate.Verify(string(b), keys...)
	if err != nil {
		return err
	}
	fmt.Printf("%s，%s，%s，证书编号%s，%s批准\n证书真实；是否已撤销须联网查询\n", f.Name, f.Title, f.Committee, f.Number, f.ApprovedOn)
	return nil
}

type verifyAudit struct{ data }

func (c *verifyAudit) Run(ctx context.Context) error {
	ring, err := c.ring()
	if err != nil {
		return err
	}
	d, err := serve.Database(ctx, serve.Config{Dir: c.Data, Database: c.Database})
	if err != nil {
		return err
	}
	r, err := audit.Verify(ctx, d, ring.Verifiers())
	if err = errors.Join(err, d.Close()); err != nil {
		return err
	}
	fmt.Printf("审计记录 %d 条，根 %s，已签名至第 %d 条\n一致\n", r.Entries, r.Root, r.Signed)
	return nil
}
