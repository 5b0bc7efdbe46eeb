package print

// A Report is every document that is title, facts, text, tables and signatures: minutes, vote table, reconciliation sheet, publicity,
// rosters. Which of these stand on it is the caller's business; personal data are masked by the caller.
type Report struct {
	Kind       string   // the title in the file's metadata; never a name
	Title      string   `label:"标题"`
	Subtitle   string   `label:"副标题"`
	Facts      []Fact   `label:"基本情况"`
	Paragraphs []string `label:"正文"`
	Tables     []Table  `label:"表格"`
	Closing    []string `label:"结语"`
	Signatures []string `label:"签名栏"`
	Dated      bool     // a line for the date under the signatures
	Issuer     string   `label:"落款单位"` // right-aligned at the end, with IssuedOn under it
	IssuedOn   string   `label:"落款日期"`
	Wide       bool     // landscape
	QR         string   `label:"二维码内容"` // under the signatures, with QRText beside it
	QRText     string   `label:"二维码说明"`
}

// A Fact is a label and its value.
type Fact struct {
	Label string `label:"项目"`
	Value string `label:"内容"`
}

// A Table has a heading, heads with their share of the width, and rows.
type Table struct {
	Heading string     `label:"表名"`
	Heads   []Head     `label:"表头"`
	Rows    [][]string `label:"内容"`
	Least   float64    // least height of a row in millimetres: 0 as the text needs, more for signing by hand
}

// A Head is the head of a column.
type Head struct {
	Text   string `label:"列名"`
	Share  float64
	Centre bool
}

func (r *Report) kind() string { return r.Kind }

func (r *Report) page() paper {
	if r.Wide {
		return wide
	}
	return upright
}

func (r *Report) lay(l *layout) error {
	l.heading(r.Title, r.Subtitle)
	if len(r.Facts) > 0 {
		pairs := make([]pair, len(r.Facts))
		for i, f := range r.Facts {
			pairs[i] = pair{f.Label, f.Value}
		}
		l.grid(2, pairs...)
		l.y += 3
	}
	for _, p := range r.Paragraphs {
		l.paragraph(p, plainText)
	}
	for i := range r.Tables {
		r.Tables[i].lay(l)
	}
	if len(r.Closing) > 0 {
		l.y += 4
	}
	for _, p := range r.Closing {
		l.paragraph(p, plainText)
	}
	if len(r.Signatures) > 0 {
		l.signatures(r.Dated, r.Signatures...)
	}
	r.issued(l)
	return r.code(l)
}

func (t *Table) lay(l *layout) {
	if t.Heading != "" {
		l.section(t.Heading)
	} else {
		l.y += 3
	}
	cols := make([]column, len(t.Heads))
	for i, h := range t.Heads {
		cols[i] = column{head: h.Text, share: h.Share}
		if h.Centre {
			cols[i].align = center
		}
	}
	l.table(cols, len(t.Rows), t.Least, func(i, j int) string {
		if j < len(t.Rows[i]) {
			return t.Rows[i][j]
		}
		return ""
	})
}

// issued sets who issues the document and when, at the right.
func (r *Report) issued(l *layout) {
	if r.Issuer == "" {
		return
	}
	l.keep(22)
	l.y += 8
	for _, s := range []string{r.Issuer, r.IssuedOn} {
		l.y += l.block(l.left, l.y, l.width()-8, right, s, plainText)
	}
}

// code sets the QR code with its words beside it.
func (r *Report) code(l *layout) error {
	if r.QR == "" {
		return nil
	}
	const side = 28
	l.keep(side + 6)
	l.y += 4
	if err := l.qr(l.left, l.y, side, r.QR, "qr"); err != nil {
		return err
	}
	l.block(l.left+side+5, l.y+4, l.width()-side-5, left, r.QRText, noteText.of(10))
	l.y += side + 2
	return nil
}
