package xlsx_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"zhiping/shared/fault"
	"zhiping/shared/sheet/xlsx"
)

// The texts of workbooks that nobody here wrote are those that the general library finds, cell by cell.
func TestTheSameTextsAsTheLibrary(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/xuri/excelize/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "test", "*.xlsx"))
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	refused, texts := 0, 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		book, err := xlsx.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if refused++; fault.CodeOf(err) != fault.Invalid {
				t.Errorf("%s: %v", filepath.Base(file), err)
			}
			continue
		}
		texts += compare(t, filepath.Base(file), b, book)
		if err := book.Close(); err != nil {
			t.Error(err)
		}
	}
	if refused < 3 || texts < 20 {
		t.Errorf("%d files refused, %d texts compared", refused, texts)
	}
}

func compare(t *testing.T, file string, b []byte, book *xlsx.Book) (texts int) {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(file, err)
	}
	defer f.Close()
	for _, s := range book.Sheets {
		rows, err := f.GetRows(s.Name) // which, unlike GetCellValue, does not fill merged cells
		if err != nil {
			t.Fatal(file, err)
		}
		for row, err := range book.Rows(context.Background(), s) {
			if err != nil {
				if fault.CodeOf(err) != fault.Invalid {
					t.Errorf("%s %s: %v", file, s.Name, err)
				}
				break
			}
			for i, c := range row.Cells {
				ref, err := excelize.CoordinatesToCellName(i+1, row.Number)
				if err != nil {
					t.Fatal(err)
				}
				kind, _ := f.GetCellType(s.Name, ref)
				if kind != excelize.CellTypeSharedString && kind != excelize.CellTypeInlineString {
					continue
				}
				texts++
				want := ""
				if row.Number <= len(rows) && i < len(rows[row.Number-1]) {
					want = rows[row.Number-1][i]
				}
				if c.Text != want {
					t.Errorf("%s %s!%s: %q, the library reads %q", file, s.Name, ref, c.Text, want)
				}
			}
		}
	}
	return texts
}
