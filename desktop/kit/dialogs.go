package kit

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/widget"

	"zhiping/shared/fault"
)

// Readable is what a person is shown of an error: a fault's text; of anything else only that it happened, the rest is for the log.
func Readable(err error) string {
	f := fault.As(err)
	if f == nil {
		slog.Error("desktop", "error", err)
		return "程序内部错误，请重试；仍不行请联系管理员并提供日志"
	}
	if len(f.Problems) == 0 {
		return f.Message
	}
	var b strings.Builder
	if whole := strings.Contains(f.Message, f.Problems[0].Text); whole && len(f.Problems) == 1 {
		return f.Message
	} else if !whole {
		b.WriteString(f.Message + "\n") // the problems are of single records, the message is of all
	}
	for i, p := range f.Problems {
		fmt.Fprintf(&b, "%d. %s\n", i+1, p.Text)
	}
	return strings.TrimSpace(b.String())
}

// ShowFault shows an error in a window of its own, several problems under each other; nothing for nil. What is no fault is not shown in a
// program's words.
func ShowFault(w fyne.Window, err error) {
	if err == nil {
		return
	}
	title := "提示"
	switch fault.CodeOf(err) {
	case fault.Conflict:
		title = "他人已修改"
	case fault.Late:
		title = "已过截止时间"
	case fault.Offline:
		title = "未联网"
	case fault.Denied:
		title = "没有权限"
	}
	tell(w, title, Readable(err), "知道了")
}

// Tell says something in a window of its own.
func Tell(w fyne.Window, text string) { tell(w, "提示", text, "确定") }

// tell shows a text with one button, which Enter, Space and Esc press too.
func tell(w fyne.Window, title, text, button string) {
	l := widget.NewLabel(text)
	l.Wrapping = wrapAnywhere
	d := dialog.NewCustomWithoutButtons(title, sized(l), w)
	ok := NewButton(button, nil, d.Hide)
	d.SetButtons([]fyne.CanvasObject{ok})
	d.Show()
	w.Canvas().Focus(ok)
}

// wrapAnywhere breaks lines of Chinese and of paths, which have no spaces to break at.
const wrapAnywhere = fyne.TextWrapBreak

// sized gives a dialog's text a width that reads well.
func sized(o fyne.CanvasObject) fyne.CanvasObject {
	return container.New(widthLayout{420}, o)
}

// widthLayout makes what is in it at least so wide; wrapped text then knows its height.
type widthLayout struct{ width float32 }

// Layout implements fyne.Layout.
func (widthLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(size)
	}
}

// MinSize implements fyne.Layout.
func (l widthLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.NewSize(l.width*scale(), 0)
	for _, o := range objects {
		o.Resize(fyne.NewSize(size.Width, o.Size().Height))
		size = size.Max(o.MinSize())
	}
	return size
}

// Confirm asks before something that cannot be taken back; button names what is done, as in "删除 3 条".
func Confirm(w fyne.Window, title, text, button string, yes func()) {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	d := dialog.NewCustomConfirm(title, button, "取消", sized(l), func(ok bool) {
		if ok {
			yes()
		}
	}, w)
	d.SetConfirmImportance(widget.DangerImportance)
	d.Show()
}

// Ask shows something to fill in, in a window of its own; button names what is done with it.
func Ask(w fyne.Window, title string, content fyne.CanvasObject, button string, do func()) {
	d := dialog.NewCustomConfirm(title, button, "取消", sized(content), func(ok bool) {
		if ok {
			do()
		}
	}, w)
	d.Show()
	if e := firstAsked(content); e != nil {
		w.Canvas().Focus(e)
	}
}

// Choose shows something that has to be decided: a button for each choice, and one to leave it for later; a choice that does nothing names it.
func Choose(w fyne.Window, title string, content fyne.CanvasObject, choices ...Choice) {
	d := dialog.NewCustomWithoutButtons(title, content, w)
	later := widget.NewButton("以后再处理", d.Hide)
	buttons := []fyne.CanvasObject{later}
	for _, c := range choices {
		if c.Do == nil {
			later.SetText(c.Title)
			continue
		}
		b := widget.NewButton(c.Title, func() {
			d.Hide()
			c.Do()
		})
		b.Importance = widget.HighImportance
		buttons = append(buttons, b)
	}
	d.SetButtons(buttons)
	d.Show()
}

// ConfirmTyped asks before something grave: the button works once the person has typed word, such as the name of what is to go.
func ConfirmTyped(w fyne.Window, title, text, word, button string, yes func()) {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	typed := widget.NewEntry()
	typed.SetPlaceHolder("请输入：" + word)
	d := dialog.NewCustomWithoutButtons(title, sized(container.NewVBox(l, typed)), w)
	do := widget.NewButton(button, func() {
		d.Hide()
		yes()
	})
	do.Importance = widget.DangerImportance
	do.Disable()
	typed.OnChanged = func(s string) { enable(do, strings.TrimSpace(s) == word) }
	d.SetButtons([]fyne.CanvasObject{widget.NewButton("取消", d.Hide), do})
	d.Show()
	w.Canvas().Focus(typed)
}

// Files asks a person for files; tests answer in the person's place.
type Files interface {
	// Open asks for a file with one of the endings (".xlsx").
	Open(endings []string, then func(path string))
	// Save asks where to write, offering a name.
	Save(name string, then func(path string))
}

// WindowFiles asks in a window, starting where the last file was; before there was one, on the stick that is plugged in.
func WindowFiles(w fyne.Window) Files { return &windowFiles{window: w} }

type windowFiles struct {
	window fyne.Window
	last   fyne.ListableURI
}

// Open implements Files.
func (f *windowFiles) Open(endings []string, then func(string)) {
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		if err != nil || r == nil {
			f.failed(err)
			return
		}
		uri := r.URI()
		f.failed(r.Close()) // only its name is wanted
		f.remember(uri)
		then(uri.Path())
	}, f.window)
	d.SetFilter(storage.NewExtensionFileFilter(endings))
	f.start(d)
}

// Save implements Files.
func (f *windowFiles) Save(name string, then func(string)) {
	d := dialog.NewFileSave(func(r fyne.URIWriteCloser, err error) {
		if err != nil || r == nil {
			f.failed(err)
			return
		}
		uri := r.URI()
		f.failed(r.Close())
		f.remember(uri)
		then(uri.Path())
	}, f.window)
	d.SetFileName(name)
	f.start(d)
}

// Folder asks for a folder, in the window.
func Folder(w fyne.Window, then func(path string)) {
	f := &windowFiles{window: w}
	f.start(dialog.NewFolderOpen(func(dir fyne.ListableURI, err error) {
		if err != nil || dir == nil {
			f.failed(err)
			return
		}
		then(dir.Path())
	}, w))
}

func (f *windowFiles) start(d *dialog.FileDialog) {
	if all := Sticks(); f.last == nil && len(all) > 0 {
		f.remember(storage.NewFileURI(filepath.Join(all[0], "-")))
	}
	if f.last != nil {
		d.SetLocation(f.last)
	}
	d.Resize(fyne.NewSize(820, 560))
	d.Show()
	if p, ok := f.window.Canvas().Overlays().Top().(*widget.PopUp); ok {
		namePlaces(p.Content)
	}
}

// places are the names that Fyne's file dialog has in English whatever the language.
var places = map[string]string{
	"Home": "主目录", "Computer": "计算机", "Desktop": "桌面", "Documents": "文档", "Downloads": "下载", "Music": "音乐", "Pictures": "图片",
	"Videos": "视频", "App Files": "程序文件",
}

// namePlaces names the places at the side of a file dialog in Chinese: its list is the one whose lines are an icon and a label.
func namePlaces(o fyne.CanvasObject) {
	switch x := o.(type) {
	case *fyne.Container:
		for _, in := range x.Objects {
			namePlaces(in)
		}
	case *container.Split:
		namePlaces(x.Leading)
	case *widget.List:
		update := x.UpdateItem
		x.UpdateItem = func(id widget.ListItemID, line fyne.CanvasObject) {
			update(id, line)
			c, ok := line.(*fyne.Container)
			if !ok {
				return
			}
			for _, part := range c.Objects {
				if l, is := part.(*widget.Label); is && places[l.Text] != "" {
					l.SetText(places[l.Text])
				}
			}
		}
		x.Refresh()
	}
}

func (f *windowFiles) remember(uri fyne.URI) {
	if parent, err := storage.Parent(uri); err == nil {
		if l, err := storage.ListerForURI(parent); err == nil {
			f.last = l
		}
	}
}

func (f *windowFiles) failed(err error) {
	if err != nil {
		ShowFault(f.window, fault.New(fault.Denied, "打不开这个文件，请检查它是否被其他程序占用"))
	}
}
