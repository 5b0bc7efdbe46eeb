package kit

import (
	"context"
	"fmt"
	"iter"
	"os"
	"time"

	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"github.com/google/uuid"

	exportv1 "zhiping/proto/gen/zhiping/export/v1"
	"zhiping/shared/sheet"
)

// Exports gives the page a button that writes the list as it is shown - columns, tab, conditions, order - and all of its pages into a workbook.
// Numbers are masked as on the screen; who has the right may choose whole ones. Either is put on record before the first row is written.
func (p *ListPage[M]) Exports(d *Desk) {
	p.desk, p.work = d, newLongWork(d.Run)
	p.save = widget.NewButtonWithIcon("导出", theme.DownloadIcon(), p.export)
	p.tools.Add(p.save)
	p.top.Add(p.work.Content)
}

func (p *ListPage[M]) export() {
	if p.work.Busy() {
		return
	}
	if !p.Model.List.Masks() || !p.desk.MayExportWhole() {
		p.exportAs(false)
		return
	}
	text := widget.NewLabel("名单中有证件号码等个人信息。一般导出用掩码即可；导出完整号码将记录在案（何人、何时、哪份名单、多少行）。")
	text.Wrapping = wrapAnywhere
	p.desk.Choose("导出“"+p.Model.List.Title+"”", sized(text),
		Choice{Title: "取消"},
		Choice{Title: "导出完整号码", Do: func() { p.exportAs(true) }},
		Choice{Title: "用掩码导出", Do: func() { p.exportAs(false) }})
}

func (p *ListPage[M]) exportAs(whole bool) {
	l := p.Model.List
	now := time.Now().In(china)
	p.desk.Files.Save(l.Title+now.Format("20060102")+".xlsx", func(path string) {
		terms := p.Model.Terms()
		walk := p.Model.Walk // of the query as it is now
		rows := 0
		p.work.Begin("正在导出……", func(ctx context.Context) error {
			total, all, err := walk(ctx)
			if err != nil {
				return err
			}
			e := &exportv1.Export{Id: uuid.Must(uuid.NewV7()).String(), List: l.Title, Filter: terms, Rows: int64(total), Full: whole}
			if err := p.desk.Record(ctx, e); err != nil {
				return err
			}
			rows = total
			return write(path, func(f *os.File) error { return p.write(ctx, f, e, now, all) })
		}, func(stopped bool, err error) {
			p.save.Enable()
			switch {
			case stopped:
				p.warning.Say("已取消导出，没有生成文件。", widget.WarningImportance)
			case err != nil:
				p.desk.Fail(err)
			default:
				p.exported(path, rows)
			}
		})
		if p.work.Busy() {
			p.save.Disable()
		}
	})
}

func (p *ListPage[M]) exported(path string, rows int) {
	text := widget.NewLabel(fmt.Sprintf("已导出 %d 行到\n%s", rows, path))
	text.Wrapping = wrapAnywhere
	p.desk.Choose("导出完成", sized(text), Choice{Title: "关闭"}, Choice{Title: "打开文件", Do: func() { p.desk.Show(path) }})
}

// every so many rows the page says how far it is.
const every = 200

// write writes the rows of a list.
func (p *ListPage[M]) write(ctx context.Context, f *os.File, e *exportv1.Export, now time.Time, rows iter.Seq2[M, error]) error {
	out := &sheet.Export[M]{Title: e.List, Unit: p.desk.By.UnitName, At: now.Format("2006-01-02 15:04"), Filter: e.Filter, Total: int(e.Rows)}
	for _, c := range p.Model.List.Columns {
		text := c.Text
		if e.Full && c.Whole != nil {
			text = c.Whole
		}
		const pixels = 6 // of a character at 100 %
		out.Columns = append(out.Columns, sheet.ExportColumn[M]{Title: c.Title, Width: float64(c.Width) / pixels, Text: text})
	}
	return out.Write(f, func(yield func(M, error) bool) {
		for r, err := range rows {
			if err == nil {
				err = ctx.Err()
			}
			if !yield(r, err) {
				return
			}
		}
	}, func(n int) {
		if n%every == 0 {
			p.work.Say(fmt.Sprintf("已写入 %d / %d 行", n, e.Rows))
		}
	})
}

// StopExport stops an export that is being written; there will be no file.
func (p *ListPage[M]) StopExport() { p.work.Cancel() }
