package kit

import (
	"context"
	"fmt"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/shared/sheet"
)

// failedTable shows the rows that were refused, wrong cells in red with the reasons in front, where they are seen first. A cell that is clicked can
// be typed anew: what is typed is checked at once, and Enter keeps it and goes to the next cell that is wrong. A row without mistakes goes over to
// the good ones.
type failedTable[M proto.Message] struct {
	page  *ImportPage[M]
	table *Table
	entry *fixEntry // stands in the cell that is being typed
	at    widget.TableCellID
}

// The columns before those of the sheet.
const (
	fixNumber = iota
	fixDelete
	fixReasons
	fixCells
)

// nowhere is no cell.
var nowhere = widget.TableCellID{Row: -1, Col: -1}

func newFailedTable[M proto.Message](p *ImportPage[M]) *failedTable[M] {
	f := &failedTable[M]{page: p, at: nowhere}
	f.entry = newFixEntry(f.next, f.leave)
	f.entry.OnChanged = f.typed
	f.table = headed(append([]string{"行号", "", "原因"}, headsOf(p.sheet)...), func() int { _, failed := p.counts(); return failed }, f.cell, f.update)
	f.table.SetColumnWidth(fixDelete, deleteWidth*scale())
	f.table.SetColumnWidth(fixReasons, reasonWidth*scale())
	p.widths(f.table, fixCells)
	return f
}

func (f *failedTable[M]) cell() fyne.CanvasObject {
	link := widget.NewHyperlink("删除", nil)
	return container.New(lineLayout{}, newLine(), newTapArea(), link)
}

func (f *failedTable[M]) update(at widget.TableCellID, o fyne.CanvasObject) {
	box := o.(*fyne.Container)
	l, area, link := box.Objects[0].(*widget.Label), box.Objects[1].(*tapArea), box.Objects[2].(*widget.Hyperlink)
	l.Show()
	link.Hide()
	area.tapped = func() { f.selected(at) }
	box.Objects = box.Objects[:3]
	r := f.page.Batch.Failed(at.Row)
	l.Importance = widget.MediumImportance
	switch c := at.Col - fixCells; {
	case at.Col == fixNumber:
		l.SetText(strconv.Itoa(r.Number))
	case at.Col == fixDelete:
		l.Hide()
		link.OnTapped = func() { f.delete(at.Row) }
		link.Show()
	case at.Col == fixReasons:
		l.Importance = widget.DangerImportance
		l.SetText(r.Reasons())
	default:
		text := cellOf(r, c)
		if wrong(r, c) {
			l.Importance = widget.DangerImportance
			if text == "" {
				text = "（空）" // nothing could not be seen in red
			}
		}
		l.SetText(text)
		if at == f.at {
			l.Hide()
			box.Objects = append(box.Objects, f.entry)
		}
	}
	box.Refresh()
}

func (f *failedTable[M]) selected(at widget.TableCellID) {
	if _, failed := f.page.counts(); at.Row < 0 || at.Row >= failed || f.page.work.Busy() {
		return
	}
	row := f.page.Batch.Failed(at.Row)
	if at.Col < fixCells { // the column is too narrow for many reasons; the first wrong cell is what has to be typed
		at.Col = fixCells + firstWrong(row, 0)
	}
	f.edit(at)
	f.page.banner.Say(fmt.Sprintf("第 %d 行：%s", row.Number, row.Reasons()), widget.WarningImportance)
}

// firstWrong is the first wrong column from one on; the one itself if there is none.
func firstWrong[M proto.Message](r *sheet.Row[M], from int) int {
	for c := from; c < len(r.Cells); c++ {
		if wrong(r, c) {
			return c
		}
	}
	return from
}

// edit puts the cursor into a cell.
func (f *failedTable[M]) edit(at widget.TableCellID) {
	f.at = nowhere // what is set now was not typed
	f.entry.SetText(cellOf(f.page.Batch.Failed(at.Row), at.Col-fixCells))
	f.at = at
	f.table.ScrollTo(at)
	f.table.Refresh()
	if c := fyne.CurrentApp().Driver().CanvasForObject(f.table); c != nil {
		c.Focus(f.entry)
	}
	f.entry.TypedShortcut(&fyne.ShortcutSelectAll{})
}

// leave ends typing without keeping anything.
func (f *failedTable[M]) leave() {
	if f.at == nowhere {
		return
	}
	f.at = nowhere
	if c := fyne.CurrentApp().Driver().CanvasForObject(f.table); c != nil {
		c.Unfocus()
	}
	f.table.Refresh()
}

// typed says what is still wrong with the cell as it is typed.
func (f *failedTable[M]) typed(text string) {
	if f.at == nowhere {
		return
	}
	column := f.at.Col - fixCells
	row := f.page.sheet.Edit(f.page.Batch.Failed(f.at.Row), column, text)
	for _, p := range row.Problems {
		if p.Column == column {
			f.page.banner.Say(fmt.Sprintf("第 %d 行：%s", row.Number, p.Text), widget.WarningImportance)
			return
		}
	}
	f.page.banner.Say(fmt.Sprintf("第 %d 行：这一格可以了，按回车保存。", row.Number), widget.SuccessImportance)
}

// next keeps what was typed and goes to the next cell that is wrong: in this row, else in the rows after it, else from the first row on.
func (f *failedTable[M]) next() {
	at, p := f.at, f.page
	if at == nowhere {
		return
	}
	row, whole, err := p.Batch.Edit(context.Background(), at.Row, at.Col-fixCells, f.entry.Text)
	if err != nil {
		p.banner.Say(Readable(err), widget.DangerImportance)
		return
	}
	f.at = nowhere
	_, failed := p.counts()
	switch {
	case whole:
		p.banner.Say(fmt.Sprintf("第 %d 行已改好。%s", row.Number, p.summary()), p.mood())
	default:
		p.banner.Say(fmt.Sprintf("第 %d 行：%s", row.Number, row.Reasons()), widget.WarningImportance)
	}
	p.draw()
	if failed == 0 {
		f.leave()
		p.front()
		return
	}
	to := at
	if whole { // the next row has come up to its place
		to.Row, to.Col = at.Row%failed, fixCells+firstWrong(p.Batch.Failed(at.Row%failed), 0)
	} else if c := firstWrong(row, at.Col-fixCells+1); c < len(row.Cells) && wrong(row, c) {
		to.Col = fixCells + c
	} else if !wrong(row, at.Col-fixCells) {
		to.Col = fixCells + firstWrong(row, 0)
	}
	f.edit(to)
}

// delete leaves a row out of the import.
func (f *failedTable[M]) delete(row int) {
	p := f.page
	if p.work.Busy() {
		return
	}
	f.leave()
	number := p.Batch.Failed(row).Number
	if err := p.Batch.Delete(context.Background(), row); err != nil {
		p.banner.Say(Readable(err), widget.DangerImportance)
		return
	}
	p.banner.Say(fmt.Sprintf("第 %d 行不再导入。需要时重新选择文件即可。%s", number, p.left()), p.mood())
	p.draw()
	p.front()
}

// left says how many rows there are, "" for none.
func (p *ImportPage[M]) left() string {
	if good, failed := p.counts(); good+failed == 0 {
		return ""
	}
	return p.summary()
}

// tapArea takes the taps of a cell: the table would take the cursor along with them.
type tapArea struct {
	widget.BaseWidget
	tapped func()
}

func newTapArea() *tapArea {
	a := &tapArea{}
	a.ExtendBaseWidget(a)
	return a
}

// CreateRenderer implements fyne.Widget.
func (a *tapArea) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewWithoutLayout())
}

// MinSize implements fyne.CanvasObject: as high as a line of the table.
func (a *tapArea) MinSize() fyne.Size { return lineLayout{}.MinSize(nil) }

// Tapped implements fyne.Tappable.
func (a *tapArea) Tapped(*fyne.PointEvent) {
	if a.tapped != nil {
		a.tapped()
	}
}

// fixEntry is the entry of a cell: Enter keeps, Esc leaves.
type fixEntry struct {
	Entry
	keep, leave func()
}

func newFixEntry(keep, leave func()) *fixEntry {
	e := &fixEntry{keep: keep, leave: leave}
	e.Wrapping = fyne.TextWrap(fyne.TextTruncateClip)
	e.ExtendBaseWidget(e)
	return e
}

// TypedKey implements fyne.Focusable.
func (e *fixEntry) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		e.keep()
	case fyne.KeyEscape:
		e.leave()
	default:
		e.Entry.TypedKey(k)
	}
}

// MinSize implements fyne.CanvasObject: it fits into a line of the table.
func (e *fixEntry) MinSize() fyne.Size {
	return lineLayout{}.MinSize(nil)
}
