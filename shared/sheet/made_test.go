package sheet_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	"zhiping/shared/sheet"
)

// small is a template with a column of every sort.
func small() *sheet.Sheet[*applicationv1.Application] {
	return &sheet.Sheet[*applicationv1.Application]{
		Name: "small", Title: "小表", New: func() *applicationv1.Application { return &applicationv1.Application{} },
		Columns: []sheet.Column[*applicationv1.Application]{
			{Field: applicationv1.Application_Name, Example: "某某"},
			{Field: applicationv1.Application_Number, Example: "11010119900307****"},
			{Field: applicationv1.Application_GraduatedOn, Example: "2012-07-01"},
			{Field: applicationv1.Application_ServiceYears},
			{Field: applicationv1.Application_Retired},
		},
	}
}

const smallHead = `<row r="1"><c r="A1" t="inlineStr"><is><t>姓名*</t></is></c><c r="B1" t="inlineStr"><is><t>证件号码*</t></is></c><c r="C1" t="inlineStr"><is><t>毕业时间</t></is></c>` +
	`<c r="D1" t="inlineStr"><is><t>从事专业技术工作年限</t></is></c><c r="E1" t="inlineStr"><is><t>是否退休</t></is></c></row>`

// A made workbook is written by hand, part by part: as other programs write it, or as one that means harm does.
type made struct {
	parts map[string]string
	order []string
}

func (m *made) put(name, content string) *made {
	if _, ok := m.parts[name]; !ok {
		m.order = append(m.order, name)
	}
	m.parts[name] = content
	return m
}

const (
	xmlHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainNS  = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	relNS   = `xmlns="http://schemas.openxmlformats.org/package/2006/relationships"`
	docRel  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
)

// page makes a worksheet of rows.
func page(rows ...string) string {
	return xmlHead + `<worksheet ` + mainNS + `><sheetData>` + strings.Join(rows, "") + `</sheetData></worksheet>`
}

// make1 is a workbook with one worksheet named 小表, with styles 0 general, 1 a date, 2 a percent, 3 a date of its own format.
func make1(sheet string) *made { return makeNamed([]string{"小表"}, sheet) }

func makeNamed(names []string, sheets ...string) *made {
	m := &made{parts: map[string]string{}}
	m.put("[Content_Types].xml", xmlHead+`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>`)
	m.put("_rels/.rels", xmlHead+`<Relationships `+relNS+`><Relationship Id="rId1" Type="`+docRel+`officeDocument" Target="xl/workbook.xml"/></Relationships>`)
	var list, rels strings.Builder
	for i, name := range names {
		fmt.Fprintf(&list, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, name, i+1, i+1)
		fmt.Fprintf(&rels, `<Relationship Id="rId%d" Type="%sworksheet" Target="worksheets/sheet%d.xml"/>`, i+1, docRel, i+1)
	}
	m.put("xl/workbook.xml", xmlHead+`<workbook `+mainNS+`><workbookPr/><sheets>`+list.String()+`</sheets></workbook>`)
	m.put("xl/_rels/workbook.xml.rels", xmlHead+`<Relationships `+relNS+`>`+rels.String()+
		`<Relationship Id="rId90" Type="`+docRel+`styles" Target="styles.xml"/><Relationship Id="rId91" Type="`+docRel+`sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>`)
	m.put("xl/styles.xml", xmlHead+`<styleSheet `+mainNS+`><numFmts><numFmt numFmtId="176" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;;@"/></numFmts>`+
		`<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="9"/><xf numFmtId="176"/></cellXfs></styleSheet>`)
	m.put("xl/sharedStrings.xml", xmlHead+`<sst `+mainNS+`><si><t>张示例</t></si><si><r><t>李</t></r><r><rPr><b/></rPr><t xml:space="preserve">示例</t></r><rPh sb="0" eb="1"><t>LI</t></rPh></si></sst>`)
	for i, s := range sheets {
		m.put(fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1), s)
	}
	return m
}

func (m *made) bytes(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range m.order {
		p, err := w.Create(name)
		if err == nil {
			_, err = p.Write([]byte(m.parts[name]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type smallRow = *sheet.Row[*applicationv1.Application]

// readSmall reads a workbook of the small template with its notes.
func readSmall(t testing.TB, s *sheet.Sheet[*applicationv1.Application], b []byte) (rows []smallRow, notes []string, err error) {
	t.Helper()
	in, err := s.Open(ctx, bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	for r, err := range in.Rows() {
		if err != nil {
			return rows, in.Notes(), err
		}
		rows = append(rows, r)
	}
	return rows, in.Notes(), nil
}
