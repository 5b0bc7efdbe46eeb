package meeting

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	"zhiping/desktop/room"
	"zhiping/shared/room/stick"
)

// The endings of what is carried on a stick: laptops' and hubs' files, and the server's word that it keeps the record.
const (
	bundleEnding  = stick.Extension
	replyEnding   = stick.ReplyExtension
	archiveEnding = ".zpa"
)

// pick lets one of some lines be chosen by its number or the arrows; others are what is offered beside them.
func (b *Booth) pick(head, text, none string, all []string, take func(i int), back func(), others ...action) {
	b.seen = nil
	at := 0
	said := centred(text)
	if len(all) == 0 {
		said.SetText(none)
	}
	list := newRows(func() int { return len(all) }, func() fyne.CanvasObject {
		l := widget.NewLabel("")
		l.Truncation = fyne.TextTruncateEllipsis
		return l
	}, func(i int, o fyne.CanvasObject) { o.(*widget.Label).SetText(fmt.Sprintf("%d　%s", i+1, all[i])) }, nil)
	list.OnSelected = func(i int) { at = i }
	move := func(by int) func() {
		return func() {
			at = max(0, min(at+by, len(all)-1))
			list.at(at)
		}
	}
	s := screen{
		title: head, body: container.NewBorder(said, nil, nil, nil, list), keys: map[fyne.KeyName]func(){fyne.KeyUp: move(-1), fyne.KeyDown: move(1)},
		actions: append([]action{{fyne.KeyEscape, "返回", back, false}}, others...),
	}
	numbered(s.keys, len(all), take)
	if len(all) > 0 {
		s.hint = "按序号，或用 ↑↓ 选择"
		s.actions = append(s.actions, action{fyne.KeyReturn, "确定", func() { take(at) }, true})
	}
	b.show(s)
	list.at(0)
}

// numbered makes the digits choose the first nine lines of a list.
func numbered(keys map[fyne.KeyName]func(), length int, take func(i int)) {
	for i := range min(length, 9) {
		keys[fyne.KeyName(strconv.Itoa(i+1))] = func() { take(i) }
	}
}

// toStick writes what this laptop still has to say onto a stick.
func (b *Booth) toStick(back func()) {
	all := kit.Sticks()
	write := func(folder string) {
		path := filepath.Join(folder, "选票-"+short(b.expert, 20)+bundleEnding)
		if b.expert == "" {
			path = filepath.Join(folder, "选票"+bundleEnding)
		}
		b.writeTo(path, back)
	}
	b.pick("写入U盘", "请插入U盘，选择它所在的位置", "没有找到U盘：请插好U盘后按F5再找，或选择其他位置", all, func(i int) { write(all[i]) },
		back, action{fyne.KeyF2, "其他位置", func() { b.files.Save("选票-"+b.expert+bundleEnding, func(path string) { b.writeTo(path, back) }) }, false})
	b.again(fyne.KeyF5, func() { b.toStick(back) })
}

// again adds a key without a button to the present screen.
func (b *Booth) again(key fyne.KeyName, fn func()) {
	before := b.window.Canvas().OnTypedKey()
	kit.PageKeys(b.window.Canvas(), func(e *fyne.KeyEvent) {
		if e.Name == key {
			fn()
			return
		}
		before(e)
	})
}

func (b *Booth) writeTo(path string, back func()) {
	if !strings.HasSuffix(path, bundleEnding) {
		path += bundleEnding
	}
	b.busy("正在写入U盘", "请不要拔出U盘……")
	ctx := context.Background()
	b.run(func() func() {
		file, err := b.seat.Bundle(ctx)
		if err == nil {
			err = room.WriteStick(path, file)
		}
		return func() {
			back()
			if err != nil {
				b.fail(err)
				return
			}
			kit.Tell(b.window, "已写入U盘并核对无误：\n"+path+"\n请取下U盘，交给会务人员。文件已加密，只有会议主机能读。")
		}
	})
}

// fromStick takes what the hub has answered: receipts, returns, results.
func (b *Booth) fromStick(back func()) {
	b.pickFile("读入U盘", []string{replyEnding, archiveEnding}, func(path string) {
		b.busy("正在读入", "请不要拔出U盘……")
		b.run(func() func() {
			taken, err := b.readFrom(path)
			return func() {
				back()
				switch {
				case err != nil:
					b.fail(err)
				case *taken == (room.Taken{}):
					kit.Tell(b.window, "读入完成，U盘上没有新的内容。")
				default:
					kit.Tell(b.window, fmt.Sprintf("读入完成：回执%d份，退回%d份，会议消息%d条。", taken.Receipts, taken.Returns, taken.Words+taken.Columns))
				}
			}
		})
	}, back)
}

func (b *Booth) readFrom(path string) (*room.Taken, error) {
	file, err := room.ReadStick(path)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(path, archiveEnding) {
		return &room.Taken{Words: 1}, b.seat.Archive(context.Background(), file)
	}
	return b.seat.Import(context.Background(), file)
}

// pickFile lets a file of some endings be chosen from the sticks, or from anywhere else.
func (b *Booth) pickFile(head string, endings []string, take func(path string), back func()) {
	var all []string
	for _, s := range kit.Sticks() {
		all = append(all, filesIn(s, endings)...)
	}
	b.pick(head, "请选择文件", "没有找到U盘，或U盘上没有这种文件：请插好U盘后按F5再找，或从其他位置选择", all, func(i int) { take(all[i]) },
		back, action{fyne.KeyF2, "其他位置", func() { b.files.Open(endings, take) }, false})
	b.again(fyne.KeyF5, func() { b.pickFile(head, endings, take, back) })
}

// filesIn lists the files of some endings in a stick and its first level of folders, the newest first.
func filesIn(stick string, endings []string) []string {
	var all []string
	for _, ending := range endings {
		for _, pattern := range []string{"*" + ending, "*/*" + ending} {
			if found, err := filepath.Glob(filepath.Join(stick, pattern)); err == nil {
				all = append(all, found...)
			}
		}
	}
	age := func(path string) int64 {
		if i, err := os.Stat(path); err == nil {
			return i.ModTime().UnixNano()
		}
		return 0
	}
	slices.SortStableFunc(all, func(x, y string) int { return int(max(-1, min(1, age(y)-age(x)))) })
	return all
}
