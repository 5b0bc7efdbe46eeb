package kit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/imports"
	"zhiping/desktop/outbox"
	"zhiping/shared/fault"
	"zhiping/shared/sheet"
)

// An ImportPage leads through an import (ui.md): template, file, progress with cancel, good and failed rows with reasons, the failed ones
// corrected in place, left out or exported, the good ones confirmed. Reading and sending never block the window, and everything is kept on the
// disk as it is done: who closes the page, or whose machine stops, goes on where it was.
type ImportPage[M proto.Message] struct {
	Content fyne.CanvasObject
	Batch   *imports.Batch[M] // nil until a file was read

	sheet   *sheet.Sheet[M]
	subject string
	desk    *Desk
	send    imports.Sender[M]
	banner  *Banner
	work    *longWork
	choose  *widget.Button
	export  *widget.Button
	confirm *widget.Button
	tables  *container.AppTabs
	bad     *failedTable[M]
	good    *Table
}

// NewImportPage draws the page of a template; subject is what the rows are for, such as an activity's id, and send hands good rows over. What was
// read before and is not done yet is shown again by Load.
func NewImportPage[M proto.Message](s *sheet.Sheet[M], d *Desk, subject string, send imports.Sender[M]) *ImportPage[M] {
	p := &ImportPage[M]{sheet: s, subject: subject, desk: d, send: send, banner: NewBanner(), work: newLongWork(d.Run)}
	template := widget.NewButtonWithIcon("1. 下载模板", theme.DownloadIcon(), p.template)
	p.choose = widget.NewButtonWithIcon("2. 选择填好的文件", theme.FolderOpenIcon(), func() { d.Files.Open([]string{".xlsx"}, p.Read) })
	p.confirm = widget.NewButtonWithIcon("3. 确认导入", theme.ConfirmIcon(), p.confirmed)
	p.confirm.Importance = widget.HighImportance
	p.export = widget.NewButtonWithIcon("导出未通过的行", theme.UploadIcon(), p.exportFailed)
	p.bad = newFailedTable(p)
	p.good = p.goodTable()
	p.tables = container.NewAppTabs(container.NewTabItem("", p.bad.table), container.NewTabItem("", p.good))
	top := container.NewVBox(container.NewHBox(template, p.choose, p.confirm, layout.NewSpacer(), p.export), p.work.Content, p.banner.Content)
	p.Content = container.NewBorder(top, nil, nil, nil, p.tables)
	p.banner.Say("先下载模板填写，再选择填好的文件。文件也可以直接拖到窗口上。", widget.MediumImportance)
	p.draw()
	p.front()
	return p
}

// begin starts work that can be cancelled: work runs beside the window, then on it; if it was cancelled, stopped is said instead.
func (p *ImportPage[M]) begin(what, stopped string, work func(context.Context) error, then func()) {
	p.bad.leave()
	p.work.Begin(what, work, func(wasStopped bool, err error) {
		switch {
		case wasStopped:
			p.banner.Say(stopped, widget.WarningImportance)
		case err != nil:
			p.banner.Say(Readable(err), widget.DangerImportance)
		default:
			then()
		}
		p.draw()
	})
	p.draw()
}

// Cancel stops what is under way; rows that the server has taken stay there.
func (p *ImportPage[M]) Cancel() { p.work.Cancel() }

// Load shows what was read before and is not done yet, and what has become of rows that waited for the server.
func (p *ImportPage[M]) Load() {
	if p.work.Busy() {
		return
	}
	var last *imports.Batch[M]
	p.begin("正在查看上次的导入……", "已取消。", func(ctx context.Context) (err error) {
		last, err = imports.Last(ctx, p.desk.Box, p.desk.Judge, p.sheet, p.subject)
		return err
	}, func() {
		if last == nil || p.Batch != nil && p.Batch.Import.ID == last.Import.ID && same(p.Batch, last) {
			return
		}
		p.Batch = last
		p.banner.Say(fmt.Sprintf("接着处理 %s 读取的文件“%s”：%s", minute(last.Import.At), last.Import.File, p.summary()), p.mood())
		p.draw()
		p.front()
	})
}

// same reports whether two views of an import show the same rows.
func same[M proto.Message](a, b *imports.Batch[M]) bool {
	g1, f1 := a.Count()
	g2, f2 := b.Count()
	return g1 == g2 && f1 == f2
}

func minute(at int64) string { return time.UnixMilli(at).In(china).Format("2006-01-02 15:04") }

func (p *ImportPage[M]) template() {
	p.desk.Files.Save(p.sheet.Title+"模板.xlsx", func(path string) {
		p.begin("正在生成模板……", "已取消。", func(context.Context) error {
			return write(path, func(f *os.File) error { return p.sheet.Template(f) })
		}, func() { p.banner.Say("模板已保存到 "+path, widget.SuccessImportance) })
	})
}

// Read reads a file; also called when a file is dropped on the window. A file that was imported before is told first.
func (p *ImportPage[M]) Read(path string) {
	if p.work.Busy() {
		return // one at a time
	}
	var before *outbox.Import
	var hash string
	p.begin("正在打开……", "已取消读取，原来的结果未变。", func(ctx context.Context) (err error) {
		before, hash, err = imports.Known(ctx, p.desk.Box, p.sheet.Name, p.subject, path)
		return err
	}, func() {
		if before == nil {
			p.read(path, hash)
			return
		}
		p.askAgain(before, func() { p.read(path, hash) })
	})
}

// askAgain tells that a file was imported before, wholly or in part, and asks what to do.
func (p *ImportPage[M]) askAgain(before *outbox.Import, read func()) {
	sent := before.Rows[outbox.RowTaken] + before.Rows[outbox.RowSent]
	left := before.Rows[outbox.RowGood] + before.Rows[outbox.RowFailed]
	text := fmt.Sprintf("这个文件（“%s”）已于 %s 由%s导入过，导入了 %d 行。\n再次导入同样的内容会产生重复的记录。", before.File, minute(before.At), before.By, sent)
	choices := []Choice{{Title: "不再导入"}}
	if left > 0 {
		text += fmt.Sprintf("\n上次还有 %d 行没有导入，可以接着处理。", left)
		choices = append(choices, Choice{Title: "接着处理上次的", Do: func() { p.goOn(before) }})
	}
	choices = append(choices, Choice{Title: "仍然读取", Do: read})
	p.banner.Say("这个文件已经导入过。", widget.WarningImportance)
	label := widget.NewLabel(text)
	label.Wrapping = wrapAnywhere
	p.desk.Choose("文件已导入过", label, choices...)
}

func (p *ImportPage[M]) goOn(i *outbox.Import) {
	var b *imports.Batch[M]
	p.begin("正在打开……", "已取消。", func(ctx context.Context) (err error) {
		b, err = imports.Of(ctx, p.desk.Box, p.desk.Judge, p.sheet, i)
		return err
	}, func() { p.show(b) })
}

func (p *ImportPage[M]) read(path, hash string) {
	var b *imports.Batch[M]
	p.begin("正在读取……", "已取消读取，原来的结果未变。", func(ctx context.Context) (err error) {
		b, err = imports.Read(ctx, p.desk.Box, p.desk.Judge, p.sheet, p.subject, p.desk.By.StaffName, path, hash, func(n int) {
			p.work.Say(fmt.Sprintf("已读取 %d 行", n))
		})
		return err
	}, func() { p.show(b) })
}

func (p *ImportPage[M]) show(b *imports.Batch[M]) {
	p.Batch = b
	p.banner.Say(p.summary(), p.mood())
	p.draw()
	p.front()
}

func (p *ImportPage[M]) counts() (good, failed int) {
	if p.Batch == nil {
		return 0, 0
	}
	return p.Batch.Count()
}

func (p *ImportPage[M]) mood() widget.Importance {
	if _, failed := p.counts(); failed > 0 || p.Batch != nil && len(p.Batch.Notes) > 0 {
		return widget.WarningImportance
	}
	return widget.MediumImportance
}

func (p *ImportPage[M]) summary() string {
	text := ""
	switch g, f := p.counts(); {
	case g+f == 0:
		text = "文件里没有数据行。请在表头下面填写后再选择。"
	case f == 0:
		text = fmt.Sprintf("共 %d 行，全部通过检查，请点“确认导入”。", g)
	case g == 0:
		text = fmt.Sprintf("共 %d 行，都没有通过检查。请点红色的单元格直接修改，或导出未通过的行修改后再选择。", f)
	default:
		text = fmt.Sprintf("%d 行通过检查，%d 行未通过。可点红色的单元格直接修改，也可先导入通过的行。", g, f)
	}
	if p.Batch != nil && len(p.Batch.Notes) > 0 {
		text += "\n请注意：" + strings.Join(p.Batch.Notes, "；") + "。"
	}
	return text
}

func (p *ImportPage[M]) confirmed() {
	n, _ := p.counts()
	var out imports.Outcome
	p.begin(fmt.Sprintf("正在导入 %d 行……", n), "已取消。取消之前已经导入的行仍在服务器上，其余的可以再次确认。", func(ctx context.Context) (err error) {
		out, err = p.Batch.Send(ctx, p.send, func(done, of int) {
			p.work.Say(fmt.Sprintf("已导入 %d / %d 行", done, of))
		})
		return err
	}, func() {
		text, how := fmt.Sprintf("已导入 %d 行。", out.Taken), widget.SuccessImportance
		if out.Waiting > 0 {
			text += fmt.Sprintf("%d 行已保存在本机，联网后自动提交。", out.Waiting)
		}
		if out.Refused > 0 {
			text, how = text+fmt.Sprintf("服务器退回 %d 行，原因见下表。", out.Refused), widget.WarningImportance
		}
		p.banner.Say(text, how)
		p.draw()
		p.front()
	})
}

func (p *ImportPage[M]) exportFailed() {
	p.desk.Files.Save(p.sheet.Title+"未通过.xlsx", func(path string) {
		p.begin("正在导出……", "已取消。", func(ctx context.Context) error {
			return write(path, func(f *os.File) error { return p.Batch.Export(ctx, f) })
		}, func() {
			p.banner.Say("未通过的行已导出到 "+path+"，修改后可再次导入。", widget.SuccessImportance)
		})
	})
}

// draw brings buttons and tables up to date.
func (p *ImportPage[M]) draw() {
	free := !p.work.Busy()
	good, failed := p.counts()
	enable(p.choose, free)
	enable(p.confirm, free && good > 0)
	p.confirm.SetText("3. 确认导入（" + strconv.Itoa(good) + "）")
	enable(p.export, free && failed > 0)
	p.tables.Items[0].Text = fmt.Sprintf("未通过 %d", failed)
	p.tables.Items[1].Text = fmt.Sprintf("通过 %d", good)
	p.tables.Refresh()
	p.bad.table.Refresh()
	p.good.Refresh()
}

// front shows the rows that need a person, else those that do not.
func (p *ImportPage[M]) front() {
	good, failed := p.counts()
	p.tables.SelectIndex(0)
	if failed == 0 && good > 0 {
		p.tables.SelectIndex(1)
	}
}

// write writes a file whole or not at all.
func write(path string, fn func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".zhiping-*")
	if err != nil {
		return fault.New(fault.Denied, "不能写入“%s”，请换一个文件夹", path)
	}
	defer os.Remove(f.Name()) // nothing is there any more once it has its name
	err = fn(f)
	if bad := f.Close(); err == nil {
		err = bad
	}
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Join(fault.New(fault.Denied, "不能写入“%s”，请确认文件没有在 Excel 中打开", path), err)
	}
	return nil
}
