package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/desktop/cache"
	"zhiping/desktop/expert"
	"zhiping/desktop/help"
	"zhiping/desktop/home"
	"zhiping/desktop/kit"
	"zhiping/desktop/list"
	"zhiping/desktop/message"
	"zhiping/desktop/pending"
	"zhiping/desktop/shell"
	"zhiping/desktop/syncer"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	homerules "zhiping/shared/home"
)

// program wires the pages together: the desk they work on, and how each is opened. Every domain's part is a file of its own.
type program struct {
	window  fyne.Window
	desk    *kit.Desk
	client  *syncer.Client
	account *syncer.Account
	mirror  *cache.Cache
	syncer  *syncer.Syncer
	shell   *shell.Shell
	end     func() // closes what was opened at sign-in
	command *windowCommand
	asking  bool // for the password

	memory   *kit.Memory
	book     *help.Book
	sources  map[string]func(open func(state string)) []home.Source // what may have to be done, by the menu's lines
	news     []home.News
	alert    *message.Alert                                   // of messages that arrive
	records  func(context.Context) (homerules.Records, error) // that the supervision is worked out from
	dropping map[string]func(path string)                     // what takes files dropped on the window, by the page's key
	// What the pages of committees and pools have in common.
	committees list.Source[*committeev1.Committee]
	pool       func() *expert.PoolPage
	members    func(*committeev1.Committee) (fyne.CanvasObject, func())
}

// menu is the whole menu in the order of features.md; the shell shows what the person has the right to.
func (p *program) menu() []shell.Item {
	all := append(append(p.committeeMenu(), p.applicationMenu()...), p.meetingMenu()...)
	all = append(p.unitMenu(), all...)
	all = append(append(all, p.messageMenu()...), p.noticeMenu()...)
	return append(all, p.ownMenu()...)
}

const pendingTitle = "待同步"

// pending is the page of what was done on this machine; it follows every change of the outbox.
func (p *program) pending() *shell.Page {
	page := pending.New(p.syncer, p.account.Box, p.mirror, p.desk, p.correct)
	return &shell.Page{Key: pendingTitle, Title: pendingTitle, Help: "pending", Content: page.Content, Refresh: page.Load, Kinds: []string{outboxKind}, Follow: page.Load}
}

// ownMachine is the group of what concerns this machine alone; it is no work, so the first page does not offer it.
const ownMachine = "本机"

// outboxKind is what pages follow that show the outbox.
const outboxKind = "outbox"

// followed is told by the sync what looks different now.
func (p *program) followed(kinds map[string]bool) {
	kit.OnWindow(func() {
		if p.shell == nil {
			return
		}
		all := map[string]bool{outboxKind: true}
		maps.Copy(all, kinds)
		p.shell.Heard()
		p.shell.Followed(all)
		p.alert.Follow(kinds)
		if kinds["unit"] || kinds["*"] {
			p.authorised()
		}
		if p.syncer.Status().SignedOut && !p.asking {
			p.askPassword()
		}
	})
}

// signOut leaves the account. What still waits is sent first, kept here, or saved into a file (sync.md).
func (p *program) signOut() {
	leave := func() {
		client := p.client
		p.desk.Run(func() func() {
			if err := client.SignOut(context.Background()); err != nil {
				slog.Info("sign out", "error", err) // without the network the session ends by itself
			}
			return func() {}
		})
		p.end()
		p.end = func() {}
		p.shell, p.syncer, p.desk.Drafts, p.book, p.memory = nil, nil, nil, nil, nil
		p.apply(p.look())
		p.window.SetOnDropped(nil)
		p.showSignIn(p.command)
	}
	waiting := p.syncer.Status().Waiting
	if waiting == 0 {
		p.desk.Confirm("退出登录", "退出后，本机上的数据仍以密码加密保存。", "退出登录", leave)
		return
	}
	text := widget.NewLabel(fmt.Sprintf("还有 %d 项操作没有提交到服务器。", waiting))
	p.desk.Choose("退出登录", text,
		kit.Choice{Title: "先提交再退出", Do: func() {
			p.desk.Do(func() error { return p.syncer.Sync(context.Background()) }, leave)
		}},
		kit.Choice{Title: "保留在本机，下次登录时提交", Do: leave},
		kit.Choice{Title: "导出恢复文件", Do: func() {
			p.desk.Files.Save("职评通恢复文件.zip", func(path string) {
				p.desk.Do(func() error { return p.account.Box.Export(context.Background(), p.account.Dir, path) }, func() {
					p.say("已导出到 " + path + "。将其中的文件放回同一账号的数据文件夹即可继续。")
				})
			})
		}})
}

// correct opens the form of a record that was refused, with what was typed, on top of what the server has now; false if there is no form for it.
func (p *program) correct(mine proto.Message) bool {
	switch m := mine.(type) {
	case *unitv1.Unit:
		p.editUnit(m, nil)
	case *applicationv1.Application:
		p.editApplication(m, func() {})
	case *committeev1.Committee:
		p.editCommittee(m, func() {})
	case *expertv1.Expert:
		p.editExpert(m, func() {})
	default:
		return false
	}
	return true
}

// longWait is how long something may wait before the state bar calls for attention: the watchdog goes by age, not by errors (sync.md).
const longWait = 2 * time.Hour

// standing is the state bar: online or not, the last pull, what waits and since when, what the clerk has to decide.
func (p *program) standing() (string, bool) {
	s := p.syncer.Status()
	line := "离线，可继续办理"
	if s.Online {
		line = "在线"
	}
	if !s.Pulled.IsZero() {
		line += "　最近同步 " + s.Pulled.In(china).Format("15:04:05")
	}
	age := time.Duration(0)
	if s.Waiting > 0 {
		age = time.Since(s.Oldest)
		line += fmt.Sprintf("　|　待同步 %d 项，最早 %s", s.Waiting, ago(age))
	}
	if s.Open > 0 {
		line += fmt.Sprintf("　|　%d 项被退回或有冲突，请到“%s”处理", s.Open, pendingTitle)
	}
	if s.Err != "" {
		line += "　|　" + s.Err
	}
	return line, s.Err != "" || s.Open > 0 || age > longWait
}

var china = time.FixedZone("+08:00", 8*60*60)

func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "刚刚"
	case d < time.Hour:
		return fmt.Sprintf("%d 分钟前", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d 小时前", int(d.Hours()))
	}
	return fmt.Sprintf("%d 天前", int(d.Hours()/24))
}

// say says that something has been done; while the server cannot be reached, that it is done here and will be there.
func (p *program) say(text string) {
	if p.syncer != nil {
		if s := p.syncer.Status(); !s.Online && s.Waiting > 0 {
			text += "\n目前未联网，已保存在本机，联网后自动提交。"
		}
	}
	kit.Tell(p.window, text)
}

func (p *program) fail(err error) { kit.ShowFault(p.window, err) }

// fetch gets an attachment and opens it in the system's program.
func (p *program) fetch(a *commonv1.Attachment, kind, id string) {
	var path string
	p.desk.Do(func() (err error) {
		path, err = p.client.Download(context.Background(), a, kind, id, filepath.Join(p.account.Dir, "opened"))
		return err
	}, func() { p.show(path) })
}

// show opens a file in the system's program.
func (p *program) show(path string) { p.fail(openFile(path)) }

func (p *program) upload(path string) (*commonv1.Attachment, error) {
	return p.syncer.Keep(context.Background(), path)
}

// drafts keeps forms in the account's outbox.
type drafts struct{ p *program }

func (d drafts) Save(name string, m proto.Message) error {
	b, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	return d.p.account.Box.SaveDraft(context.Background(), name, b)
}

func (d drafts) Load(name string, m proto.Message) (time.Time, bool) {
	b, at, err := d.p.account.Box.Draft(context.Background(), name)
	if err != nil {
		slog.Error("draft", "error", err)
	}
	return at, b != nil && proto.Unmarshal(b, m) == nil
}

func (d drafts) Drop(name string) error { return d.p.account.Box.DropDraft(context.Background(), name) }

// opinions keeps the person's common opinions in the account's outbox, one a line.
type opinions struct{ p *program }

const opinionsName = "opinions"

func (o opinions) List() []string {
	b, err := o.p.account.Box.Kept(context.Background(), opinionsName)
	if err != nil {
		slog.Error("opinions", "error", err)
	}
	if b == nil {
		return nil
	}
	return strings.Split(string(b), "\n")
}

func (o opinions) Keep(all []string) error {
	return o.p.account.Box.Keep(context.Background(), opinionsName, []byte(strings.Join(all, "\n")))
}

// dropped hands a file that was dropped on the window to the page that is shown.
func (p *program) dropped(_ fyne.Position, files []fyne.URI) {
	if take := p.dropping[p.shell.Key()]; take != nil && len(files) > 0 {
		take(files[0].Path())
		return
	}
	p.say("这个页面不接收文件。导入请先打开导入页面；附件请在表单中点“选择文件”。")
}

// listItem is the line of the menu that opens a list; what is to be done in it stands on the first page.
func listItem[M any](p *program, group string, right commonv1.Right, l *list.List[M], open func(row M, from *kit.ListPage[M]), actions ...kit.Action[M]) shell.Item {
	p.sources[l.Title] = func(show func(string)) []home.Source { return home.Of(l, show) }
	return shell.Item{Group: group, Title: l.Title, Right: right, Open: func() *shell.Page { return listPage(p, l, open, actions...) }}
}

// listPage opens a list as a page. open opens a row's page, nil for rows that have none; from is the list, for next and previous.
func listPage[M any](p *program, l *list.List[M], open func(row M, from *kit.ListPage[M]), actions ...kit.Action[M]) *shell.Page {
	var page *kit.ListPage[M]
	var show func(M)
	if open != nil {
		show = func(row M) { open(row, page) }
	}
	page = kit.NewListPage(l, p.desk.Run, show, actions...)
	return pageOf(p, page)
}

// pageOf is the page of a list that has been drawn.
func pageOf[M any](p *program, page *kit.ListPage[M]) *shell.Page {
	l := page.Model.List
	page.Remember(p.memory)
	page.Exports(p.desk)
	out := &shell.Page{Key: l.Name, Title: l.Title, Content: page.Content, Refresh: page.Load, Search: page.Search, Show: page.Show, Restyle: page.Restyle, Marked: true}
	page.Help(func() { p.showHelp(out.HelpKey()) })
	if l.Mirror != nil {
		out.Kinds, out.Follow = []string{l.Mirror.Kind}, page.Load
		if page.NeedsServer() {
			out.Kinds = append(out.Kinds, outboxKind) // is told too when the server comes and goes
		}
	}
	return out
}

// caseKey names the page of a row of a list.
func caseKey[M any](from *kit.ListPage[M], id string) string {
	return from.Model.List.Name + " " + id
}

// casePage opens the page of a row of a list. After done it goes on to the next row, as a clerk does who has two hundred before him; with
// none left, back to the list.
func casePage[M any](p *program, row M, title string, from *kit.ListPage[M], draw func(row M, done func()) (content fyne.CanvasObject, approve func()), open func(M, *kit.ListPage[M])) {
	id := from.Model.List.ID(row)
	key := caseKey(from, id)
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
	about := from.Model.List.Name // the help of a list is about what its rows open too, but a review has one of its own
	if approve != nil {
		about = "review"
	}
	p.shell.Open(&shell.Page{Key: key, Title: title, Help: about, Content: content, Approve: approve, Turn: func(by int) { turn(by) }})
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
