package main

import (
	"context"
	"net/url"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"zhiping/desktop/cache"
	"zhiping/desktop/kit"
	"zhiping/desktop/list"
	"zhiping/desktop/shell"
	"zhiping/desktop/syncer"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/fault"
)

// program wires the pages together: the desk they work on, and how each is opened. Every domain's part is a file of its own.
type program struct {
	window fyne.Window
	desk   *kit.Desk
	client *syncer.Client
	mirror *cache.Cache
	shell  *shell.Shell

	dropping map[string]func(path string) // what takes files dropped on the window, by the page's key
}

// menu is the whole menu in the order of features.md; the shell shows what the person has the right to.
func (p *program) menu() []shell.Item {
	all := p.unitMenu()
	return append(all, p.applicationMenu()...)
}

// run does slow work beside the window and brings the state bar up to date after it.
func (p *program) run(work func() func()) {
	kit.Background(func() func() {
		then := work()
		return func() {
			then()
			if p.shell != nil {
				p.shell.Heard()
			}
		}
	})
}

func (p *program) say(text string) { dialog.ShowInformation("提示", text, p.window) }

func (p *program) fail(err error) { kit.ShowFault(p.window, err) }

// fetch gets an attachment and opens it in the system's program.
func (p *program) fetch(a *commonv1.Attachment, kind, id string) {
	var path string
	p.desk.Do(func() error {
		base, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		path, err = p.client.Download(context.Background(), a, kind, id, filepath.Join(base, "zhiping", p.client.Name(), "opened"))
		return err
	}, func() {
		if err := fyne.CurrentApp().OpenURL(&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}); err != nil {
			p.fail(fault.New(fault.NotFound, "本机没有能打开“%s”的程序，文件已保存在 %s", a.Name, path))
		}
	})
}

func (p *program) upload(path string) (*commonv1.Attachment, error) {
	return p.client.Upload(context.Background(), path)
}

// dropped hands a file that was dropped on the window to the page that is shown.
func (p *program) dropped(_ fyne.Position, files []fyne.URI) {
	if take := p.dropping[p.shell.Key()]; take != nil && len(files) > 0 {
		take(files[0].Path())
		return
	}
	p.say("这个页面不接收文件。导入请先打开导入页面；附件请在表单中点“选择文件”。")
}

// listPage opens a list as a page. open opens a row's page; from is the list, for next and previous.
func listPage[M any](p *program, l *list.List[M], open func(row M, from *kit.ListPage[M]), actions ...kit.Action[M]) *shell.Page {
	var page *kit.ListPage[M]
	page = kit.NewListPage(l, p.desk.Run, func(row M) { open(row, page) }, actions...)
	return &shell.Page{Key: l.Name, Title: l.Title, Content: page.Content, Refresh: page.Load, Search: page.Search}
}

// casePage opens the page of a row of a list. After done it goes on to the next row, as a clerk does who has two hundred before him; with
// none left, back to the list.
func casePage[M any](p *program, row M, title string, from *kit.ListPage[M], draw func(row M, done func()) (content fyne.CanvasObject, approve func()), open func(M, *kit.ListPage[M])) {
	id := from.Model.List.ID(row)
	key := from.Model.List.Name + " " + id
	turn := func(by int) bool {
		next, ok := from.Model.Beside(id, by)
		if ok {
			p.shell.Close(key)
			open(next, from)
		}
		return ok
	}
	content, approve := draw(row, func() {
		if !turn(1) {
			p.shell.Close(key)
		}
		from.Load()
	})
	p.shell.Open(&shell.Page{Key: key, Title: title, Content: content, Approve: approve, Turn: func(by int) { turn(by) }})
}

// batch makes a button for the chosen rows; what was refused is said, and the list is loaded again in any case.
func batch[M any](p *program, title string, do func(rows []M) error) kit.Action[M] {
	return kit.Action[M]{Title: title, Run: func(rows []M, done func()) {
		p.desk.Run(func() func() {
			err := do(rows)
			return func() {
				p.fail(err)
				done()
			}
		})
	}}
}
