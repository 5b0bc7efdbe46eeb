package sheet

import (
	"context"
	"io"
)

// Any is a template whatever it holds, for programs that only make and check workbooks.
type Any interface {
	// Kind is what the template is called on a command line.
	Kind() string
	// Called is what people call it.
	Called() string
	// Template writes the template.
	Template(w io.Writer) error
	// Inspect reads a workbook and calls wrong for every failed cell; column is its head, "" for the whole row. Like Read it returns a fault for a
	// workbook that is refused.
	Inspect(ctx context.Context, r io.ReaderAt, size int64, wrong func(row int, column, reason string) error) (Result, error)
}

// A Result is what was found in a workbook.
type Result struct {
	Good, Failed int // rows
	Notes        []string
}

// Kind implements Any.
func (s *Sheet[M]) Kind() string { return s.Name }

// Called implements Any.
func (s *Sheet[M]) Called() string { return s.Title }

// Inspect implements Any.
func (s *Sheet[M]) Inspect(ctx context.Context, r io.ReaderAt, size int64, wrong func(row int, column, reason string) error) (Result, error) {
	var result Result
	in, err := s.Open(ctx, r, size)
	if err != nil {
		return result, err
	}
	defer in.Close()
	for row, err := range in.Rows() {
		if err != nil {
			return result, err
		}
		if row.Good() {
			result.Good++
			continue
		}
		result.Failed++
		for _, p := range row.Problems {
			head := ""
			if p.Column >= 0 {
				head = in.columns[p.Column].Head
			}
			if err := wrong(row.Number, head, p.Text); err != nil {
				return result, err
			}
		}
	}
	result.Notes = in.Notes()
	return result, nil
}
