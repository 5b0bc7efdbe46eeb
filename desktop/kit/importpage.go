package kit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/shared/fault"
	"zhiping/shared/sheet"
)

// A Sender hands good rows over. What the server refuses of one row it notes in that row (Row.Add); the error is one of the whole. said tells
// how many rows are done, and may be called from any goroutine.
type Sender[M proto.Message] func(ctx context.Context, rows []*sheet.Row[M], said func(done int)) error

// An ImportPage leads through an import (ui.md): template, file, progress with cancel, good and failed rows with reasons, the failed ones
// exported, the good ones confirmed. Reading and sending never block the window.
type ImportPage[M proto.Message] struct {
	Content fyne.CanvasObject
	Good    []*sheet.Row[M]
	Failed  []*sheet.Row[M]

	sheet    *sheet.Sheet[M]
	run      Runner
	files    Files
	send     Sender[M]
	banner   *Banner
	bar      *widget.ProgressBarInfinite
	progress *widget.Label
	work     fyne.CanvasObject // bar, progress and cancel
	cancel   context.CancelFunc
	choose   *widget.Button
	export   *widget.Button
	confirm  *widget.Button
	tables   *container.AppTabs
	bad      *widget.Table
	good     *widget.Table
}

// NewImportPage draws the page of a template; files asks for files, send hands the good rows over.
func NewImportPage[M proto.Message](s *sheet.Sheet[M], run Runner, files Files, send Sender[M]) *ImportPage[M] {
	p := &ImportPage[M]{sheet: s, run: run, files: files, send: send, banner: NewBanner(), bar: widget.NewProgressBarInfinite(), progress: widget.NewLabel("")}
	p.bar.Stop()
	template := widget.NewButtonWithIcon("1. 下载模板", theme.DownloadIcon(), p.template)
	p.choose = widget.NewButtonWithIcon("2. 选择填好的文件", theme.FolderOpenIcon(), func() { files.Open([]string{".xlsx"}, p.Read) })
	p.confirm = widget.NewButtonWithIcon("3. 确认导入", theme.ConfirmIcon(), p.confirmed)
	p.confirm.Importance = widget.HighImportance
	p.export = widget.NewButtonWithIcon("导出未通过的行", theme.UploadIcon(), p.exportFailed)
	p.work = container.NewBorder(nil, nil, p.progress, widget.NewButton("取消", p.Cancel), p.bar)
	p.work.Hide()
	p.bad = p.table(func() []*sheet.Row[M] { return p.Failed }, true)
	p.good = p.table(func() []*sheet.Row[M] { return p.Good }, false)
	p.tables = container.NewAppTabs(container.NewTabItem("", p.bad), container.NewTabItem("", p.good))
	top := container.NewVBox(container.NewHBox(template, p.choose, p.confirm, layout.NewSpacer(), p.export), p.work, p.banner.Content)
	p.Content = container.NewBorder(top, nil, nil, nil, p.tables)
	p.banner.Say("先下载模板填写，再选择填好的文件。文件也可以直接拖到窗口上。", widget.MediumImportance)
	p.draw()
	return p
}

// begin starts work that can be cancelled: work runs beside the window, then on it; if it was cancelled, stopped is said instead.
func (p *ImportPage[M]) begin(what, stopped string, work func(context.Context) error, then func()) {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	p.progress.SetText(what)
	p.bar.Start()
	p.work.Show()
	p.draw()
	p.run(func() func() {
		err := work(ctx)
		return func() {
			wasStopped := ctx.Err() != nil
			cancel()
			p.cancel = nil
			p.bar.Stop()
			p.work.Hide()
			switch {
			case wasStopped:
				p.banner.Say(stopped, widget.WarningImportance)
			case err != nil:
				p.banner.Say(readable(err), widget.DangerImportance)
			default:
				then()
			}
			p.draw()
		}
	})
}

// Cancel stops what is under way; rows that the server has taken stay there.
func (p *ImportPage[M]) Cancel() {
	if p.cancel != nil {
		p.cancel()
	}
}

func (p *ImportPage[M]) template() {
	p.files.Save(p.sheet.Title+"模板.xlsx", func(path string) {
		p.begin("正在生成模板……", "已取消。", func(context.Context) error {
			return write(path, func(f *os.File) error { return p.sheet.Template(f) })
		}, func() { p.banner.Say("模板已保存到 "+path, widget.SuccessImportance) })
	})
}

// every so many rows the page says how far it is.
const every = 500

// Read reads a file; also called when a file is dropped on the window.
func (p *ImportPage[M]) Read(path string) {
	if p.cancel != nil {
		return // one at a time
	}
	var good, failed []*sheet.Row[M]
	p.begin("正在读取……", "已取消读取，原来的结果未变。", func(ctx context.Context) error {
		f, err := os.Open(path)
		if err != nil {
			return fault.New(fault.NotFound, "打不开文件“%s”，请检查文件是否还在、是否被其他程序占用", path)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		for row, err := range p.sheet.Read(ctx, f, info.Size()) {
			if err != nil {
				return err
			}
			if row.Good() {
				good = append(good, row)
			} else {
				failed = append(failed, row)
			}
			if n := len(good) + len(failed); n%every == 0 {
				fyne.Do(func() { p.progress.SetText(fmt.Sprintf("已读取 %d 行", n)) })
			}
		}
		return nil
	}, func() {
		p.Good, p.Failed = good, failed
		p.banner.Say(p.summary(), p.mood())
	})
}

func (p *ImportPage[M]) mood() widget.Importance {
	if len(p.Failed) > 0 {
		return widget.WarningImportance
	}
	return widget.MediumImportance
}

func (p *ImportPage[M]) summary() string {
	switch g, f := len(p.Good), len(p.Failed); {
	case g+f == 0:
		return "文件里没有数据行。请在表头下面填写后再选择。"
	case f == 0:
		return fmt.Sprintf("共 %d 行，全部通过检查，请点“确认导入”。", g)
	case g == 0:
		return fmt.Sprintf("共 %d 行，都没有通过检查。请按原因修改后重新选择文件，或导出未通过的行修改。", f)
	default:
		return fmt.Sprintf("%d 行通过检查，%d 行未通过。可先导入通过的行，未通过的导出修改后再导入。", g, f)
	}
}

func (p *ImportPage[M]) confirmed() {
	rows := p.Good
	p.begin(fmt.Sprintf("正在导入 %d 行……", len(rows)), "已取消。取消之前已经导入的行仍在服务器上。", func(ctx context.Context) error {
		return p.send(ctx, rows, func(done int) {
			fyne.Do(func() { p.progress.SetText(fmt.Sprintf("已导入 %d / %d 行", done, len(rows))) })
		})
	}, func() {
		p.Good = nil
		done := 0
		for _, r := range rows {
			if r.Good() {
				done++
			} else {
				p.Failed = append(p.Failed, r)
			}
		}
		text, how := fmt.Sprintf("已导入 %d 行。", done), widget.SuccessImportance
		if n := len(rows) - done; n > 0 {
			text, how = text+fmt.Sprintf("服务器退回 %d 行，原因见下表。", n), widget.WarningImportance
		}
		p.banner.Say(text, how)
	})
}

func (p *ImportPage[M]) exportFailed() {
	p.files.Save(p.sheet.Title+"未通过.xlsx", func(path string) {
		rows := p.Failed
		p.begin("正在导出……", "已取消。", func(context.Context) error {
			return write(path, func(f *os.File) error { return p.sheet.Failed(f, slices.Values(rows)) })
		}, func() {
			p.banner.Say("未通过的行已导出到 "+path+"，修改后可再次导入。", widget.SuccessImportance)
		})
	})
}

// draw brings buttons and tables up to date.
func (p *ImportPage[M]) draw() {
	free := p.cancel == nil
	enable(p.choose, free)
	enable(p.confirm, free && len(p.Good) > 0)
	p.confirm.SetText("3. 确认导入（" + strconv.Itoa(len(p.Good)) + "）")
	enable(p.export, free && len(p.Failed) > 0)
	p.tables.Items[0].Text = fmt.Sprintf("未通过 %d", len(p.Failed))
	p.tables.Items[1].Text = fmt.Sprintf("通过 %d", len(p.Good))
	if len(p.Failed) == 0 && len(p.Good) > 0 {
		p.tables.SelectIndex(1)
	} else {
		p.tables.SelectIndex(0)
	}
	p.tables.Refresh()
	p.bad.Refresh()
	p.good.Refresh()
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
	if os.Rename(f.Name(), path) != nil {
		return fault.New(fault.Denied, "不能写入“%s”，请确认文件没有在 Excel 中打开", path)
	}
	return nil
}
