package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"github.com/google/uuid"

	"zhiping/desktop/application"
	"zhiping/desktop/cache"
	"zhiping/desktop/kit"
	"zhiping/desktop/list"
	"zhiping/desktop/shell"
	"zhiping/desktop/syncer"
	"zhiping/desktop/theme"
	"zhiping/desktop/unit"
	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	reviewv1 "zhiping/proto/gen/zhiping/review/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/review"
)

// windowCommand opens the window.
type windowCommand struct {
	Server   string  `help:"Address of the server." env:"ZHIPING_SERVER"`
	Pin      string  `help:"Fingerprint of the server's own certificate." env:"ZHIPING_PIN"`
	Account  string  `help:"Account to sign in with." env:"ZHIPING_ACCOUNT"`
	Password string  `help:"Password; only for the demonstration." env:"ZHIPING_DEMO_PASSWORD"`
	Dark     bool    `help:"Dark colours." env:"ZHIPING_DARK"`
	Scale    float32 `help:"Text size, 1 to 1.5." default:"1" env:"ZHIPING_SCALE"`
}

// words are Fyne's own, in Chinese whatever the system speaks.
const words = `{"OK":"确定","Cancel":"取消","Error":"提示","Yes":"是","No":"否","Close":"关闭","Cut":"剪切","Copy":"复制","Paste":"粘贴","Select all":"全选","Undo":"撤销","Redo":"重做","Quit":"退出","(Select one)":"请选择"}`

// translate makes Fyne's own words Chinese.
func translate() error {
	for _, l := range []fyne.Locale{"en", "zh", "zh-Hans"} {
		if err := lang.AddTranslationsForLocale([]byte(words), l); err != nil {
			return err
		}
	}
	return nil
}

func (c *windowCommand) Run() error {
	if err := translate(); err != nil {
		return err
	}
	a := app.NewWithID("cn.zhiping.desktop")
	a.Settings().SetTheme(theme.New(min(max(c.Scale, 1), 1.5), c.Dark))
	w := a.NewWindow("职评通")
	w.Resize(fyne.NewSize(1340, 720))
	p := &program{window: w}
	p.run = func(work func() func()) {
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
	s := p.signIn(c)
	w.SetContent(s.Content)
	w.Canvas().Focus(s.First())
	w.ShowAndRun()
	return nil
}

// program wires the pages together.
type program struct {
	window fyne.Window
	run    kit.Runner
	client *syncer.Client
	mirror *cache.Cache
	shell  *shell.Shell
}

func (p *program) signIn(c *windowCommand) *shell.SignIn {
	s := shell.NewSignIn(func(s *shell.SignIn) {
		client := syncer.Dial(s.Address.Text, s.Pin.Text)
		account, password := s.Account.Text, s.Password.Text
		p.run(func() func() {
			err := client.SignIn(context.Background(), account, password)
			var mirror *cache.Cache
			if err == nil {
				mirror, err = openCache(client, account, password)
			}
			return func() {
				if err != nil {
					s.Fail(err)
					return
				}
				p.client, p.mirror = client, mirror
				p.shell = shell.New(p.window, client.Identity, p.menu(), client.Answered)
				p.window.SetContent(p.shell.Content)
			}
		})
	})
	s.Address.SetText(c.Server)
	s.Pin.SetText(c.Pin)
	s.Account.SetText(c.Account)
	s.Password.SetText(c.Password)
	if c.Password != "" {
		s.Submit()
	}
	return s
}

func (p *program) menu() []shell.Item {
	applications, units := p.client.Applications(), p.client.Units()
	me := p.client.Identity
	return []shell.Item{
		{Group: "单位管理", Title: "本单位信息管理", Right: commonv1.Right_RIGHT_UNIT_EDIT, Open: func() *shell.Page {
			content, save := unit.NewEdit(me.Unit, units, p.run, func(u *unitv1.Unit) { me.Unit = u; p.shell.Say("已保存") }, p.shell.Fail)
			return &shell.Page{Key: "own-unit", Title: "本单位信息管理", Content: content, Save: save}
		}},
		{Group: "单位管理", Title: "工作人员管理", Right: commonv1.Right_RIGHT_STAFF_MANAGE, Open: func() *shell.Page { return p.staff(units) }},
		{Group: "单位管理", Title: "角色管理", Right: commonv1.Right_RIGHT_ROLE_MANAGE, Open: func() *shell.Page {
			return &shell.Page{Key: "roles", Title: "角色管理", Content: unit.NewRoles(me.Unit, units, p.run, func(u *unitv1.Unit) { me.Unit = u; p.shell.Close("roles"); p.shell.Say("角色已保存") }, p.shell.Fail)}
		}},
		{Group: "单位管理", Title: "多岗审核配置", Right: commonv1.Right_RIGHT_UNIT_POSTS, Open: func() *shell.Page { return p.posts(units) }},
		{Group: "单位管理", Title: "新建下级单位", Right: commonv1.Right_RIGHT_UNIT_SUBORDINATE, Open: func() *shell.Page {
			const key = "new-unit"
			return &shell.Page{Key: key, Title: "新建下级单位", Content: unit.NewWizard(me.Unit, units, p.run, func() { p.shell.Close(key); p.shell.Say("下级单位已创建") }, p.shell.Fail)}
		}},
		{Group: "单位管理", Title: "下级单位注册审核", Right: commonv1.Right_RIGHT_UNIT_REVIEW, Open: func() *shell.Page {
			return listPage(p, unit.Registrations(units, p.mirror), p.openUnit, kit.Action[*unitv1.Unit]{Title: "批量通过", Run: func(rows []*unitv1.Unit, done func()) {
				p.try(func() error { return unit.Move(units, rows, &reviewv1.Action{Move: reviewv1.Move_MOVE_APPROVE}) }, done)
			}})
		}},
		{Group: "单位管理", Title: "下级单位信息管理", Right: commonv1.Right_RIGHT_UNIT_SUBORDINATE, Open: func() *shell.Page { return listPage(p, unit.Subordinates(units, p.mirror), p.openUnit) }},
		{Group: "申报材料审核", Title: "本单位申报人员", Right: commonv1.Right_RIGHT_APPLICATION_EDIT, Open: func() *shell.Page { return listPage(p, application.Own(applications, p.mirror), p.openApplication) }},
		{Group: "申报材料审核", Title: "申报材料审核", Right: commonv1.Right_RIGHT_APPLICATION_REVIEW, Open: func() *shell.Page { return listPage(p, application.Review(applications, p.mirror), p.openApplication) }},
		{Group: "评审会议管理", Title: "参评人员", Right: commonv1.Right_RIGHT_QUALIFICATION, Open: func() *shell.Page {
			return listPage(p, application.Committee(applications, p.mirror), p.openApplication)
		}},
	}
}

// listPage opens a list as a page.
func listPage[M any](p *program, l *list.List[M], open func(M, func()), actions ...kit.Action[M]) *shell.Page {
	var page *kit.ListPage[M]
	page = kit.NewListPage(l, p.run, func(row M) { open(row, page.Load) }, actions...)
	return &shell.Page{Key: l.Name, Title: l.Title, Content: page.Content, Refresh: page.Load}
}

// try runs something beside the window and says what went wrong.
func (p *program) try(fn func() error, done func()) {
	p.run(func() func() {
		err := fn()
		return func() {
			p.shell.Fail(err)
			done()
		}
	})
}

func (p *program) actor() review.Actor {
	who := p.client.Identity
	return review.Actor{UnitID: who.Unit.Id, UnitName: who.Unit.Name, StaffID: who.Staff.Id, StaffName: who.Staff.Name}
}

func (p *program) openApplication(a *applicationv1.Application, reload func()) {
	key := "application " + a.Id
	page := application.NewPage(a, p.actor(), p.client.Applications(), p.run, func() {
		p.shell.Close(key)
		reload()
	}, p.shell.Fail)
	p.shell.Open(&shell.Page{Key: key, Title: a.Name, Content: page.Content, Approve: page.Panel.Approve})
}

func (p *program) openUnit(u *unitv1.Unit, reload func()) {
	key := "unit " + u.Id
	content, panel := unit.NewPage(u, p.actor(), p.client.Units(), p.run, func() {
		p.shell.Close(key)
		reload()
	}, p.shell.Fail)
	p.shell.Open(&shell.Page{Key: key, Title: u.Name, Content: content, Approve: panel.Approve})
}

// staff is the page of the accounts, with a button for a new one.
func (p *program) staff(units unitv1connect.UnitServiceClient) *shell.Page {
	me := p.client.Identity
	open := func(s *unitv1.Staff, reload func()) {
		key := "staff " + s.Id
		p.shell.Open(&shell.Page{Key: key, Title: "工作人员 " + s.Name, Content: unit.NewStaffPage(s, me.Unit, units, p.run, func() {
			p.shell.Close(key)
			reload()
		}, p.shell.Fail)})
	}
	page := listPage(p, unit.Staff(units, p.mirror), open)
	add := widget.NewButtonWithIcon("新增工作人员", fynetheme.ContentAddIcon(), func() {
		open(&unitv1.Staff{Id: uuid.Must(uuid.NewV7()).String(), UnitId: me.Unit.Id}, page.Refresh)
	})
	page.Content = container.NewBorder(nil, container.NewHBox(add), nil, nil, page.Content)
	return page
}

// openCache opens the cache of this server and account: one folder each (sync.md).
func openCache(c *syncer.Client, account, password string) (*cache.Cache, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	return cache.Open(context.Background(), filepath.Join(base, "zhiping", c.Name(), account), password, time.Now)
}

// posts is the page of the review posts; who can be chosen is asked when it is opened.
func (p *program) posts(units unitv1connect.UnitServiceClient) *shell.Page {
	body := container.NewStack()
	me := p.client.Identity
	load := func() {
		p.run(func() func() {
			resp, err := units.ListStaff(context.Background(), &unitv1.ListStaffRequest{Query: &commonv1.Query{Size: 200}})
			return func() {
				if err != nil {
					p.shell.Fail(err)
					return
				}
				body.Objects = []fyne.CanvasObject{unit.NewPosts(me.Unit, resp.Staff, units, p.run, func(u *unitv1.Unit) { me.Unit = u; p.shell.Say("多岗审核已保存") }, p.shell.Fail)}
				body.Refresh()
			}
		})
	}
	return &shell.Page{Key: "posts", Title: "多岗审核配置", Content: body, Refresh: load}
}
