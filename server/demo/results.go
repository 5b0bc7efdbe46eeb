package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	certificatev1 "zhiping/proto/gen/zhiping/certificate/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	confirmationv1 "zhiping/proto/gen/zhiping/confirmation/v1"
	publicityv1 "zhiping/proto/gen/zhiping/publicity/v1"
	"zhiping/shared/field"
	"zhiping/shared/print"
	"zhiping/shared/wire"
)

// publicise announces who passed, takes an objection and resolves it, and ends the publicity after its working days (F14, F15).
func (y *year) publicise(ctx context.Context) (int, error) {
	p := y.as("housing")
	pub := &publicityv1.Publicity{Id: id(), MeetingId: y.meetingID, StartsOn: "2026-05-22", Contact: "联系人", Phone: "028-00000000"}
	published, err := p.publicities().PublishResults(ctx, &publicityv1.PublishResultsRequest{Publicity: pub})
	if err != nil {
		return 0, err
	}
	pub = published.Publicity
	if err := y.announcement(ctx, pub); err != nil {
		return 0, err
	}
	o := &publicityv1.Objection{Id: id(), ApplicationId: pub.ApplicationIds[0], Sender: "匿名甲（虚构）", SenderNumber: "519900197001010000", SenderPhone: "13800000000", Text: "业绩存疑（虚构）"}
	recorded, err := p.publicities().RecordObjection(ctx, &publicityv1.RecordObjectionRequest{Base: publicityBase(pub), Objection: o})
	if err != nil {
		return 0, err
	}
	if _, err := p.publicities().EndPublicity(ctx, &publicityv1.EndPublicityRequest{Base: publicityBase(recorded.Publicity)}); err == nil {
		return 0, errors.New("the publicity ended before its last day")
	}
	resolved, err := p.publicities().ResolveObjection(ctx, &publicityv1.ResolveObjectionRequest{Base: publicityBase(recorded.Publicity), ObjectionId: o.Id, Finding: "经核查不成立（虚构）"})
	if err != nil {
		return 0, err
	}
	if err := y.restart(ctx, "2026-06-10"); err != nil {
		return 0, err
	}
	_, err = p.publicities().EndPublicity(ctx, &publicityv1.EndPublicityRequest{Base: publicityBase(resolved.Publicity)})
	return len(pub.ApplicationIds), err
}

func publicityBase(p *publicityv1.Publicity) *commonv1.Base {
	return &commonv1.Base{Id: p.Id, Revision: p.Revision}
}

// announcement prints the announcement, with nobody's number on it.
func (y *year) announcement(ctx context.Context, pub *publicityv1.Publicity) error {
	people, err := y.list(ctx, y.as("housing"), "committee", applicationv1.State_STATE_IN_PUBLICITY.String())
	if err != nil {
		return err
	}
	slices.SortFunc(people, func(a, b *applicationv1.Application) int { return int(a.Position - b.Position) })
	t := print.Table{Heads: []print.Head{{Text: "序号", Share: 1, Centre: true}, {Text: "姓名", Share: 2, Centre: true}, {Text: "工作单位", Share: 5}, {Text: "申报专业", Share: 2, Centre: true}, {Text: "拟认定职称", Share: 2, Centre: true}}}
	for i, a := range people {
		t.Rows = append(t.Rows, []string{fmt.Sprint(i + 1), a.Name, a.WorkUnit, field.Named(a, applicationv1.Application_Specialty)[0].Text(a), a.Title})
	}
	return y.print("评审结果公示.pdf", &print.Report{
		Kind: "评审结果公示", Title: "关于" + pub.MeetingName + "评审结果的公示",
		Paragraphs: []string{
			fmt.Sprintf("现将评审通过人员名单予以公示，公示期自%s起至%s止，共5个工作日。", pub.StartsOn, pub.EndsOn),
			fmt.Sprintf("公示期内如有异议，请以书面形式实名反映。联系人：%s，联系电话：%s。", pub.Contact, pub.Phone),
		},
		Tables: []print.Table{t}, Issuer: "示例市住房和城乡建设局（虚构）", IssuedOn: pub.StartsOn,
	})
}

// confirm confirms everybody under one document number, in batches (G2).
func (y *year) confirm(ctx context.Context) (int, error) {
	p := y.as("city")
	doc, err := p.upload(ctx, "任职资格文件（虚构）.txt", []byte("任职资格文件（虚构）"))
	if err != nil {
		return 0, err
	}
	all, err := y.list(ctx, p, "confirmation", applicationv1.State_STATE_CONFIRMING.String())
	if err != nil {
		return 0, err
	}
	for batch := range slices.Chunk(all, 150) {
		c := &confirmationv1.Confirmation{Id: id(), DocumentNumber: "示人社职[2026]6号", ApprovedOn: "2026-06-09", Document: doc}
		for _, a := range batch {
			c.ApplicationIds = append(c.ApplicationIds, a.Id)
		}
		if _, err := p.confirmations().ConfirmResults(ctx, &confirmationv1.ConfirmResultsRequest{Confirmation: c}); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

// certify issues the certificates and prints them (H2).
func (y *year) certify(ctx context.Context) (int, error) {
	p := y.as("city")
	all, err := y.list(ctx, p, "confirmation", applicationv1.State_STATE_CONFIRMED.String())
	if err != nil {
		return 0, err
	}
	for batch := range slices.Chunk(basesOf(all), 100) {
		resp, err := p.certificates().IssueCertificates(ctx, &certificatev1.IssueCertificatesRequest{Bases: batch})
		if err := errors.Join(err, wire.First(resp.GetOutcomes())); err != nil {
			return 0, err
		}
	}
	q := &commonv1.Query{Size: 100}
	for {
		page, err := p.certificates().ListCertificates(ctx, &certificatev1.ListCertificatesRequest{Query: q})
		if err != nil {
			return 0, err
		}
		for _, c := range page.Certificates {
			if err := y.certificate(c); err != nil {
				return 0, err
			}
		}
		if q.After = page.Page.Next; q.After == "" {
			break
		}
	}
	return y.certificates, nil
}

func (y *year) certificate(c *certificatev1.Certificate) error {
	text := func(name string) string { return field.Named(c, name)[0].Text(c) }
	name := fmt.Sprintf("证书-%s", c.CertificateNumber)
	if err := os.WriteFile(y.path("documents", name+".txt"), []byte(c.Qr), 0o600); err != nil {
		return err
	}
	y.certificates++
	return y.print(name+".pdf", &print.Certificate{
		Name: c.Name, Sex: text(certificatev1.Certificate_Sex), Birth: month(c.Birth), IDNumber: c.Number, Unit: c.WorkUnit, Series: text(certificatev1.Certificate_Series), Title: c.Title,
		Level: text(certificatev1.Certificate_Level), Specialty: text(certificatev1.Certificate_Specialty), Method: text(certificatev1.Certificate_Method), ReviewBody: c.CommitteeName,
		ApprovedOn: c.ApprovedOn, Document: c.DocumentNumber, Issuer: c.Issuer, Number: c.CertificateNumber, QR: c.Qr,
	})
}

// month writes a date as the certificate shows it.
func month(date string) string {
	parts := strings.Split(date, "-")
	if len(parts) != 3 {
		return date
	}
	return fmt.Sprintf("%s年%s月", parts[0], strings.TrimLeft(parts[1], "0"))
}

// rotated gives the server another signing key and lists them all: what the first one has signed is verified with the list.
func (y *year) rotated() (string, error) {
	if _, err := run(y.Server, "keys", "rotate", "--data", y.path("data")); err != nil {
		return "", err
	}
	list, err := run(y.Server, "keys", "list", "--data", y.path("data"))
	if err != nil {
		return "", err
	}
	public := y.path("documents", "服务器公钥.txt")
	return public, os.WriteFile(public, []byte(list), 0o600)
}

// verify lets the programs that an auditor has recompute everything.
func (y *year) verify(ctx context.Context) (int, error) {
	if err := y.server.stop(); err != nil {
		return 0, err
	}
	certificates, err := os.ReadDir(y.path("documents"))
	if err != nil {
		return 0, err
	}
	checks := [][]string{
		{"verify", "audit", "--data", y.path("data")},
		{"verify", "draw", y.path("documents", "专家抽选记录.json")},
	}
	public, err := y.rotated()
	if err != nil {
		return 0, err
	}
	for i := range y.rooms {
		checks = append(checks, []string{"verify", "meeting", y.record(i), "--key-file", public})
	}
	for _, e := range certificates {
		if strings.HasPrefix(e.Name(), "证书-") && strings.HasSuffix(e.Name(), ".txt") && len(checks) < 15 {
			checks = append(checks, []string{"verify", "certificate", y.path("documents", e.Name()), "--key-file", public})
		}
	}
	for _, args := range checks {
		out, err := run(y.Server, args...)
		if err != nil {
			return 0, err
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if len(checks) < 5 || args[1] != "certificate" {
			fmt.Printf("  verify %s：%s\n", args[1], lines[len(lines)-1])
		}
	}
	return len(checks), ctx.Err()
}
