package sheet_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zhiping/shared/expert"
	"zhiping/shared/fault"
	"zhiping/shared/templates"
)

// convert lets LibreOffice turn a file into another format.
func convert(t *testing.T, file, format string) string {
	t.Helper()
	dir := filepath.Dir(file)
	cmd := exec.Command("libreoffice", "-env:UserInstallation=file://"+filepath.ToSlash(filepath.Join(dir, "office")), "--headless", "--infilter=CSV:44,34,76", "--convert-to", format, "--outdir", dir, file)
	if !strings.HasSuffix(file, ".csv") {
		cmd.Args = append(cmd.Args[:3], cmd.Args[4:]...)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("libreoffice (apt-get install libreoffice-calc): %v\n%s", err, out)
	}
	return strings.TrimSuffix(file, filepath.Ext(file)) + "." + format
}

func readFile(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What a clerk gets who opens a list from elsewhere in LibreOffice and saves it as .xlsx: from CSV, from ODS, and a template filled in there.
func TestWorkbooksOfLibreOffice(t *testing.T) {
	dir := t.TempDir()
	var list bytes.Buffer
	w := csv.NewWriter(&list)
	s := expert.Sheet()
	want := good(1)
	var head, cells []string
	for r, err := range s.Read(ctx, bytes.NewReader(written(t, s, want)), int64(len(written(t, s, want)))) {
		if err != nil {
			t.Fatal(err)
		}
		cells = r.Cells
	}
	for _, h := range s.Heads() {
		head = append(head, strings.TrimSuffix(h, "*"))
	}
	broken := append([]string(nil), cells...)
	broken[4] = "1"
	for _, line := range [][]string{{"专家名单"}, {}, head, cells, broken} {
		if err := w.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	file := filepath.Join(dir, "list.csv")
	if err := os.WriteFile(file, list.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	xlsx := convert(t, file, "xlsx")
	rows, err := read(readFile(t, xlsx))
	if err != nil || len(rows) != 2 {
		t.Fatal(len(rows), err)
	}
	// LibreOffice takes eighteen digits for a number, as Excel does, and loses the last ones: that must be told, never imported.
	if r := rows[0]; r.Good() || !strings.Contains(r.Reasons(), "证件号码的数字已被Excel改写") || r.Cells[12] != "2028-12-31" || len(r.Problems) != 1 {
		t.Errorf("from CSV: %q %s", r.Cells, r.Reasons())
	}

	original := filepath.Join(dir, "filled.xlsx")
	if err := os.WriteFile(original, written(t, s, want, good(2)), 0o600); err != nil {
		t.Fatal(err)
	}
	ods := convert(t, original, "ods")
	if _, err := read(readFile(t, ods)); fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), "OpenDocument") {
		t.Error("ods:", err)
	}
	back := readFile(t, convert(t, ods, "xlsx"))
	rows, err = read(back)
	if err != nil || len(rows) != 2 || !rows[0].Good() || rows[0].Message.Number != want.Number || rows[1].Message.TermUntil != want.TermUntil {
		t.Fatal(rows, err)
	}
	if f := opened(t, back); len(must(f.GetDataValidations(name))) < 6 {
		t.Error("LibreOffice does not understand the drop-downs")
	}
	for _, format := range []string{"xls", "csv"} {
		if _, err := read(readFile(t, convert(t, original, format))); fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), format) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Workbooks that nobody here wrote, those that the library is tested with among them: every template refuses them in
// words, because none has its head. That their cells are read rightly is tested with the reader.
func TestFilesOfOthers(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/xuri/excelize/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = filepath.WalkDir(filepath.Join(strings.TrimSpace(string(out)), "test"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		b := readFile(t, path)
		for _, s := range templates.All() {
			_, err := s.Inspect(ctx, bytes.NewReader(b), int64(len(b)), func(int, string, string) error { return nil })
			if err != nil && fault.CodeOf(err) != fault.Invalid {
				t.Errorf("%s as %s: %v", filepath.Base(path), s.Kind(), err)
			}
			if err == nil {
				t.Errorf("%s was taken for %s", filepath.Base(path), s.Kind())
			}
		}
		return nil
	})
	if err != nil || n < 15 {
		t.Fatalf("%d files, %v", n, err)
	}
}

// Every template is read by itself as empty, and refused by every other with its name.
func TestTemplatesOfAllKinds(t *testing.T) {
	for _, made := range templates.All() {
		var b bytes.Buffer
		if err := made.Template(&b); err != nil {
			t.Fatal(err)
		}
		for _, s := range templates.All() {
			result, err := s.Inspect(ctx, bytes.NewReader(b.Bytes()), int64(b.Len()), func(int, string, string) error { return nil })
			switch {
			case s.Kind() == made.Kind() && (err != nil || result.Good+result.Failed > 0 || len(result.Notes) > 0):
				t.Error(s.Kind(), result, err)
			case s.Kind() != made.Kind() && (err == nil || err.Error() != fmt.Sprintf("这是“%s”的模板，请使用“%s”的模板", made.Called(), s.Called())):
				t.Error(made.Kind(), "as", s.Kind(), err)
			}
		}
	}
}
