// Package sheet makes and reads Excel workbooks from field declarations (engine 2): the template with drop-downs and notes, the import that
// tells every mistake of every row at once, the workbook of failed rows that can be corrected and imported again, and exports. Reading
// streams; a hostile file is refused in words (package xlsx).
package sheet

import (
	"strings"

	"google.golang.org/protobuf/proto"

	"zhiping/shared/fault"
	"zhiping/shared/field"
)

// A Column is one column of a template: a declared field, or one of its own with Head, Text and Set.
type Column[M proto.Message] struct {
	Field   string // name of the field
	Head    string // what the head says; the field's label by default
	Example string // in the example row
	// Text and Set give and take the value of a column that is no plain field.
	Text func(M) string
	Set  func(M, string) *fault.Problem
	Note string
	// Key is a column that the program has filled in and that says which record a row is about: its cells are locked.
	Key bool
	// Choices are what a column of its own can hold, for its drop-down; a declared field knows them.
	Choices []string
	// Since is the version of the template that brought the column; Formerly are the heads it had in older ones.
	Since    int
	Formerly []string
}

// A Sheet is a template as data.
type Sheet[M proto.Message] struct {
	Name    string // names the template inside the workbook
	Title   string // the first row
	Notes   []string
	New     func() M
	Columns []Column[M]
	// Check holds a whole row against the rules between its fields; Problem.Field may name a column's field.
	Check func(M) []fault.Problem
	// Version counts the changes of the columns, from 1; Dropped are heads of older versions that are no longer read.
	Version int
	Dropped []string
}

func (s *Sheet[M]) version() int { return max(s.Version, 1) }

// column is a column made ready.
type column[M proto.Message] struct {
	Column[M]
	info *field.Info // nil for one of its own
}

func (s *Sheet[M]) columns() []column[M] {
	m := s.New()
	all := make([]column[M], len(s.Columns))
	for i, c := range s.Columns {
		all[i].Column = c
		if c.Field == "" {
			continue
		}
		info := field.Named(m, c.Field)[0]
		all[i].info = info
		if c.Head == "" {
			all[i].Head = info.GetLabel()
		}
		if c.Note == "" {
			all[i].Note = info.GetHelp()
		}
	}
	return all
}

// head is what stands in the head row: a star marks what is required.
func (c *column[M]) head() string {
	if c.info != nil && c.info.Required {
		return c.Head + "*"
	}
	return c.Head
}

func (c *column[M]) text(m M) string {
	if c.Text != nil {
		return c.Text(m)
	}
	return c.info.Text(m)
}

func (c *column[M]) set(m M, s string) *fault.Problem {
	if c.Set != nil {
		return c.Set(m, s)
	}
	if mangled(s) {
		return &fault.Problem{Field: c.Field, Text: c.Head + "的数字已被Excel改写，请将单元格格式设为“文本”后重新填写"}
	}
	return c.info.SetText(m, s)
}

// Widths are how wide the columns are for what they hold, in characters.
func (s *Sheet[M]) Widths() []float64 {
	var all []float64
	for _, c := range s.columns() {
		all = append(all, widthOf(c.Head, c.Example))
	}
	return all
}

// Heads returns the head row.
func (s *Sheet[M]) Heads() []string {
	var all []string
	for _, c := range s.columns() {
		all = append(all, c.head())
	}
	return all
}

var headSigns = strings.NewReplacer("*", "", "＊", "", " ", "", "\n", "", "\r", "", "　", "", "\t", "", "\u00a0", "", "\u200b", "", "（必填）", "", "(必填)", "")

// plainHead makes heads comparable: without star, spaces and line breaks.
func plainHead(s string) string { return headSigns.Replace(s) }

// reasonHead is the column of a failed-row workbook that says what is wrong; reading passes over it.
const reasonHead = "错误原因"

// markSheet is the hidden sheet that says which template a workbook is.
const markSheet = "_zhiping"
