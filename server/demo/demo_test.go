package demo_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"zhiping/server/demo"
)

// A short year through the real programs, built here and run as processes.
func TestAShortYear(t *testing.T) {
	dir := t.TempDir()
	c := demo.Config{Out: filepath.Join(dir, "out"), Server: filepath.Join(dir, "zhiping-server"), Desktop: filepath.Join(dir, "zhiping"), Seed: 7, Experts: 30, Applications: 40, Panel: 7}
	for program, source := range map[string]string{c.Server: "zhiping/server", c.Desktop: "zhiping/desktop"} {
		if out, err := exec.Command("go", "build", "-o", program, source).CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", source, err, out)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := demo.Run(ctx, c); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"评审会议纪要.pdf", "选票对账单.pdf", "投票结果汇总表.pdf", "评审结果公示.pdf", "专家抽选记录.json"} {
		if i, err := os.Stat(filepath.Join(c.Out, "documents", name)); err != nil || i.Size() < 1000 {
			t.Errorf("%s: %v", name, err)
		}
	}
	certificates, err := filepath.Glob(filepath.Join(c.Out, "documents", "证书-*.pdf"))
	if err != nil || len(certificates) < 10 {
		t.Errorf("%d certificates, %v", len(certificates), err)
	}
}
