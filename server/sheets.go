package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"

	"zhiping/shared/templates"
)

type sheetCommand struct {
	Template sheetTemplate `cmd:"" help:"Write an empty template."`
	Check    sheetCheck    `cmd:"" help:"Check a filled-in workbook: every failed cell, and the counts."`
}

type sheetTemplate struct {
	Kind string `arg:"" help:"Which template; an unknown one lists them."`
	File string `arg:"" help:"The .xlsx file to write."`
}

// Run writes the template.
func (c *sheetTemplate) Run() error {
	t, err := templates.Of(c.Kind)
	if err != nil {
		return err
	}
	f, err := os.Create(c.File)
	if err != nil {
		return err
	}
	return errors.Join(t.Template(f), f.Close())
}

type sheetCheck struct {
	Kind string `arg:"" help:"Which template; an unknown one lists them."`
	File string `arg:"" help:"The .xlsx file to check."`
}

// Run prints a line for every failed cell - row, column, reason, with tabs between - as they are found, then the counts. A file that is refused
// half way has printed lines, but no counts.
func (c *sheetCheck) Run(ctx context.Context) error {
	t, err := templates.Of(c.Kind)
	if err != nil {
		return err
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	result, err := t.Inspect(ctx, f, info.Size(), func(row int, column, reason string) error {
		if column == "" {
			column = "-"
		}
		_, err := fmt.Fprintf(out, "%d\t%s\t%s\n", row, column, reason)
		return err
	})
	if err == nil {
		_, err = fmt.Fprintf(out, "good %d failed %d\n", result.Good, result.Failed)
	}
	for _, n := range result.Notes {
		fmt.Fprintln(os.Stderr, n)
	}
	return errors.Join(err, out.Flush())
}
