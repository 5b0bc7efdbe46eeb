package sheet

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"zhiping/shared/fault"
)

// The limits of a workbook: what a clerk's machine can hold and a clerk can mean.
const (
	maxFile     = 50 << 20  // bytes of the file
	maxUnzipped = 200 << 20 // bytes of all its parts
	maxRows     = 100_100   // rows of a sheet, head rows among them
	maxColumns  = 200
	maxParts    = 2000
)

var (
	zipMagic = []byte("PK\x03\x04")
	oleMagic = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}
)

// inspect refuses what is no workbook, or one that would take the machine down, before anything is read from it. It returns the number
// of the last row of each worksheet by the name of its part.
func inspect(r io.ReaderAt, size int64) (map[string]int, error) {
	head := make([]byte, 8)
	if n, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	} else if head = head[:n]; n == 0 {
		return nil, fault.New(fault.Invalid, "文件是空的，请重新选择文件")
	}
	switch {
	case bytes.Equal(head, oleMagic):
		return nil, fault.New(fault.Invalid, "文件已加密或是旧版.xls格式，请取消密码并另存为.xlsx后再导入")
	case !bytes.HasPrefix(head, zipMagic):
		return nil, fault.New(fault.Invalid, "文件不是Excel工作簿（.xlsx），请使用下载的模板填写")
	case size > maxFile:
		return nil, fault.New(fault.Invalid, "文件超过%dMB，请分成几个文件导入", maxFile>>20)
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fault.New(fault.Invalid, "文件已损坏，无法打开，请用Excel打开并另存后重试")
	}
	return inspectParts(z)
}

func inspectParts(z *zip.Reader) (map[string]int, error) {
	if len(z.File) > maxParts {
		return nil, fault.New(fault.Invalid, "文件内容异常（部件过多），请用下载的模板重新填写")
	}
	left := int64(maxUnzipped)
	workbook := false
	rows := map[string]int{}
	for _, f := range z.File {
		workbook = workbook || f.Name == "xl/workbook.xml"
		n, last, err := inspectPart(f, left)
		if err != nil {
			return nil, err
		}
		if left -= n; strings.HasPrefix(f.Name, "xl/worksheets/") {
			rows[f.Name] = last
		}
	}
	if !workbook {
		return nil, fault.New(fault.Invalid, "文件不是Excel工作簿（.xlsx），请使用下载的模板填写")
	}
	return rows, nil
}

// inspectPart reads a part to its end: the sizes that a zip declares are not to be believed.
func inspectPart(f *zip.File, left int64) (n int64, last int, err error) {
	part, err := f.Open()
	if err != nil {
		return 0, 0, fault.New(fault.Invalid, "文件已损坏或已加密，请用Excel打开并另存后重试")
	}
	defer part.Close()
	limited := &io.LimitedReader{R: part, N: left + 1}
	if strings.HasPrefix(f.Name, "xl/worksheets/") && strings.HasSuffix(f.Name, ".xml") {
		last, err = inspectSheet(limited)
	} else {
		_, err = io.Copy(io.Discard, limited)
	}
	if limited.N <= 0 {
		return 0, 0, fault.New(fault.Invalid, "文件展开后超过%dMB，请分成几个文件导入", maxUnzipped>>20)
	}
	if err != nil && fault.As(err) == nil {
		err = fault.New(fault.Invalid, "工作表内容已损坏，请用Excel打开并另存后重试")
	}
	return left + 1 - limited.N, last, err
}

var (
	rowStart = regexp.MustCompile(`<row\b[^>]*\br="([0-9]+)"`)
	formula  = regexp.MustCompile(`<c\b[^>]*\br="([A-Z]+[0-9]+)"[^>]*>\s*<f\b`)
)

// smallSheet is the size up to which a sheet is read through an XML parser, which knows every way of being broken.
const smallSheet = 4 << 20

// inspectSheet finds the number of a sheet's last row and refuses formulas, too many rows and broken XML. A sheet with broken XML would
// otherwise end early without an error, and rows would be lost silently.
func inspectSheet(r io.Reader) (last int, err error) {
	var head bytes.Buffer
	tail := []byte{}
	in := bufio.NewReaderSize(r, 1<<16)
	chunk := make([]byte, 1<<20)
	for {
		n, err := io.ReadFull(in, chunk)
		piece := append(tail, chunk[:n]...)
		if m := findFormula(piece); m != nil {
			return 0, fault.New(fault.Invalid, "%s单元格是公式，请复制整张表并“选择性粘贴为数值”后再导入", m[1])
		}
		last = max(last, lastRow(piece))
		if last > maxRows {
			return 0, fault.New(fault.Invalid, "工作表有%d行，超过%d行的上限，请删除末尾的空行或分成几个文件导入", last, maxRows)
		}
		if head.Len() < smallSheet {
			head.Write(chunk[:n])
		}
		tail = bytes.Clone(piece[max(0, len(piece)-512):])
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				return 0, err
			}
			break
		}
	}
	if head.Len() < smallSheet {
		return last, wellFormed(head.Bytes())
	}
	if !bytes.HasSuffix(bytes.TrimSpace(tail), []byte("worksheet>")) {
		return 0, fault.New(fault.Invalid, "工作表内容不完整，请用Excel打开并另存后重试")
	}
	return last, nil
}

// lastRow is the number of the last row that begins in a piece of a sheet.
func lastRow(piece []byte) int {
	for end := len(piece); end > 0; {
		i := bytes.LastIndex(piece[:end], []byte("<row"))
		if i < 0 {
			return 0
		}
		if m := rowStart.FindSubmatch(piece[i:min(i+200, len(piece))]); m != nil {
			if n, err := strconv.Atoi(string(m[1])); err == nil {
				return n
			}
		}
		end = i
	}
	return 0
}

// findFormula finds the first cell with a formula; the plain search comes first because almost no file has one.
func findFormula(piece []byte) [][]byte {
	if !bytes.Contains(piece, []byte("<f")) {
		return nil
	}
	return formula.FindSubmatch(piece)
}

func wellFormed(b []byte) error {
	d := xml.NewDecoder(bytes.NewReader(b))
	d.Strict = true
	depth := 0
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			if depth != 0 {
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch t.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		case xml.Directive:
			return fault.New(fault.Invalid, "文件内容异常，请用下载的模板重新填写")
		}
	}
}
