package xlsx

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"io"
	"slices"
	"strings"

	"zhiping/shared/fault"
)

// The limits of a workbook: what a clerk's machine can hold and a clerk can mean.
const (
	maxFile    = 50 << 20  // bytes of the file
	maxPart    = 300 << 20 // bytes of a worksheet or of the shared texts, unpacked
	maxSmall   = 16 << 20  // bytes of every other part, unpacked
	maxParts   = 2000
	maxStyles  = 1 << 16 // formats of cells; Excel itself stops at 64,000
	maxStrings = 4 << 20 // shared texts
	maxText    = 32767   // characters of a cell, as in Excel
	maxDepth   = 64      // elements inside each other
	maxRun     = 1 << 20 // bytes without the beginning of a tag
	maxSheets  = 255
	maxColumns = 16384   // of a worksheet, as in Excel
	maxRowTags = 200_000 // rows of a worksheet as it is written, empty ones among them

	// MaxColumns is how many columns of a worksheet are read.
	MaxColumns = 200
	// MaxRows is the number of the last row that may hold something.
	MaxRows = 100_100
)

var (
	zipMagic = []byte("PK\x03\x04")
	oleMagic = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}
)

func refuse(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }

// unpack opens the file as the zip that it should be, and says in words what it is instead.
func unpack(r io.ReaderAt, size int64) (map[string]*zip.File, error) {
	head := make([]byte, 4096)
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if head = head[:n]; n == 0 {
		return nil, refuse("文件是空的，请重新选择文件")
	}
	if !bytes.HasPrefix(head, zipMagic) {
		return nil, notZip(r, size, head)
	}
	if size > maxFile {
		return nil, refuse("文件超过%dMB，请分成几个文件导入", maxFile>>20)
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, refuse("文件已损坏或不完整，无法打开，请用Excel打开并另存后重试")
	}
	return parts(z)
}

// notZip says what a file is that is no zip.
func notZip(r io.ReaderAt, size int64, head []byte) error {
	text := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(string(head), "\ufeff")))
	switch {
	case bytes.HasPrefix(head, oleMagic) && encrypted(r, size):
		return refuse("文件设有打开密码，请在Excel中取消密码并另存后再导入")
	case bytes.HasPrefix(head, oleMagic):
		return refuse("文件已加密或是旧版格式（.xls或WPS的.et），请取消密码并另存为.xlsx后再导入")
	case strings.HasPrefix(text, "<html"), strings.HasPrefix(text, "<!doctype html"), strings.HasPrefix(text, "<table"):
		return refuse("文件其实是网页格式，请用Excel打开并另存为.xlsx后再导入")
	case strings.Contains(text, "schemas-microsoft-com:office:spreadsheet"):
		return refuse("文件是XML表格格式，请用Excel打开并另存为.xlsx后再导入")
	case isText(head):
		return refuse("文件是文本（如.csv），不是Excel工作簿，请用Excel打开并另存为.xlsx后再导入")
	}
	return refuse("文件不是Excel工作簿（.xlsx），请使用下载的模板填写")
}

// encrypted looks into an OLE file for the stream that an encrypted workbook stands in. Its names are UTF-16.
func encrypted(r io.ReaderAt, size int64) bool {
	var name []byte
	for _, c := range []byte("EncryptedPackage") {
		name = append(name, c, 0)
	}
	b, err := io.ReadAll(io.NewSectionReader(r, 0, min(size, maxFile)))
	return err == nil && bytes.Contains(b, name)
}

// isText reports whether a file begins as text does: with lines or separators, and without control signs.
func isText(head []byte) bool {
	for _, c := range head {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return bytes.ContainsAny(head, ",;\t\n")
}

// parts are the parts of a workbook by their names in lower case.
func parts(z *zip.Reader) (map[string]*zip.File, error) {
	if len(z.File) > maxParts {
		return nil, refuse("文件内容异常（部件过多），请用下载的模板重新填写")
	}
	if err := apart(z.File); err != nil {
		return nil, err
	}
	all := map[string]*zip.File{}
	for _, f := range z.File {
		name := strings.ToLower(strings.ReplaceAll(f.Name, `\`, "/"))
		switch {
		case strings.HasSuffix(name, "/"):
			continue
		case strings.HasPrefix(name, "/"), strings.Contains("/"+name+"/", "/../"), strings.Contains(name, ":"), strings.Contains(name, "\x00"):
			return nil, refuse("文件内容异常（部件名称“%s”），请用下载的模板重新填写", clip(f.Name))
		case all[name] != nil:
			return nil, refuse("文件内容异常（部件“%s”重复），请用下载的模板重新填写", clip(f.Name))
		}
		all[name] = f
	}
	return all, kind(all)
}

func clip(s string) string {
	if r := []rune(strings.ToValidUTF8(s, "?")); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return strings.ToValidUTF8(s, "?")
}

// apart refuses entries that lie in each other's bytes, the way of small files to become endless.
func apart(files []*zip.File) error {
	type span struct{ from, to int64 }
	var all []span
	for _, f := range files {
		from, err := f.DataOffset()
		if err != nil {
			return refuse("文件已损坏或不完整，无法打开，请用Excel打开并另存后重试")
		}
		all = append(all, span{from, from + int64(f.CompressedSize64)})
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for i := 1; i < len(all); i++ {
		if all[i].from < all[i-1].to {
			return refuse("文件内容异常（部件互相重叠），请用下载的模板重新填写")
		}
	}
	return nil
}

// kind refuses what is a zip but no plain workbook.
func kind(all map[string]*zip.File) error {
	for name, f := range all {
		switch {
		case f.Flags&1 != 0:
			return refuse("文件设有密码，请取消密码后再导入")
		case strings.HasSuffix(name, "vbaproject.bin"):
			return refuse("文件含有宏（.xlsm），请另存为不含宏的.xlsx后再导入")
		case strings.HasPrefix(name, "xl/externallinks/"):
			return refuse("文件引用了其他工作簿（外部链接），请复制整张表并“选择性粘贴为数值”到下载的模板后再导入")
		}
	}
	switch {
	case all["xl/workbook.bin"] != nil:
		return refuse("文件是二进制工作簿（.xlsb），请另存为.xlsx后再导入")
	case all["word/document.xml"] != nil:
		return refuse("文件是Word文档，请使用下载的模板填写")
	case all["mimetype"] != nil && all["content.xml"] != nil:
		return refuse("文件是OpenDocument表格（.ods），请另存为.xlsx后再导入")
	case all["[content_types].xml"] == nil:
		return refuse("文件不是Excel工作簿（.xlsx），请使用下载的模板填写")
	}
	return nil
}

// bounded reads a part and stops where it grows beyond what it may be: in all, or in one piece of text.
type bounded struct {
	r    io.Reader
	left int64
	most int64
	run  int
}

func tooLarge(most int64) error {
	return refuse("文件展开后超过%dMB，请将内容“选择性粘贴为数值”到下载的模板，或分成几个文件导入", most>>20)
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, tooLarge(b.most)
	}
	first, last := bytes.IndexByte(p[:n], '<'), bytes.LastIndexByte(p[:n], '<')
	if first < 0 {
		b.run += n
	} else if b.run += first; b.run <= maxRun {
		b.run = n - last
	}
	if b.run > maxRun {
		return 0, refuse("单元格内容过长（超过%d字），请缩短后再导入", maxText)
	}
	return n, err
}
