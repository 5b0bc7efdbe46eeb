package main_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// The commands of workbooks as a script uses them: the process, its two streams and its exit code.
func TestSheetCommands(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "zhiping-server")
	if out, err := exec.Command("go", "build", "-o", program, "zhiping/server").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := func(args ...string) (stdout, stderr string, code int) {
		var out, bad bytes.Buffer
		cmd := exec.Command(program, append([]string{"sheet"}, args...)...)
		cmd.Stdout, cmd.Stderr = &out, &bad
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return out.String(), bad.String(), cmd.ProcessState.ExitCode()
	}
	file := filepath.Join(dir, "专家.xlsx")
	if out, bad, code := run("template", "expert", file); code != 0 || out != "" {
		t.Fatal(out, bad, code)
	}
	if out, bad, code := run("check", "expert", file); code != 0 || out != "good 0 failed 0\n" {
		t.Fatal(out, bad, code)
	}
	f, err := excelize.OpenFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const page = "评审专家导入表"
	for i, row := range [][]any{
		{"张示例", "居民身份证", "510106197307287209", "汉族", "13800000000", "示例单位", "工程师", "工程技术人才", "高级工程师", "副高级", "土木工程", "委员", "2028-12-31", "否"},
		{"李示例", "居民身份证", "510106197307287208", "汉族", "1", "示例单位", "工程师", "工程技术人才", "高级工程师", "副高级", "土木工程", "委员", "2028-12-31", "否"},
	} {
		if err := f.SetSheetRow(page, []string{"A5", "A6"}[i], &row); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(f.Save(), f.Close()); err != nil {
		t.Fatal(err)
	}
	out, bad, code := run("check", "expert", file)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || bad != "" || len(lines) != 3 || lines[2] != "good 1 failed 1" {
		t.Fatal(out, bad, code)
	}
	for _, want := range []string{"6\t手机号码\t手机号码格式不正确：联系电话1，11位手机号码", "6\t证件号码\t"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in %q", want, out)
		}
	}
	if out, bad, code := run("check", "application", file); code != 1 || out != "" || !strings.Contains(bad, "这是“评审专家导入表”的模板，请使用“申报人员导入表”的模板") {
		t.Error(out, bad, code)
	}
	if _, bad, code := run("check", "nothing", file); code != 1 || !strings.Contains(bad, "expert（评审专家导入表）、application（申报人员导入表）") {
		t.Error(bad, code)
	}
	if err := os.WriteFile(file, []byte("姓名,证件号码\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, bad, code := run("check", "expert", file); code != 1 || out != "" || !strings.Contains(bad, "文件是文本") {
		t.Error(out, bad, code)
	}
	if _, bad, code := run("check", "expert", filepath.Join(dir, "none.xlsx")); code != 1 || !strings.Contains(bad, "none.xlsx") {
		t.Error(bad, code)
	}
}
