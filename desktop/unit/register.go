package unit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/kit"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/shared/fault"
	rules "zhiping/shared/unit"
)

// A registration is the form of a unit that registers by itself (A2).
type registration struct {
	request *unitv1.RegisterUnitRequest
	desk    *kit.Desk
	basic   *kit.Form
}

// NewRegistration draws the form of a unit that registers by itself (A2): the superior, the unit with its licence, the handler. Of somebody whom a
// unified identity platform has vouched for it is the application for rights (用户权限申请): no account and no password, but the platform's word.
// Nobody is signed in, so the licence travels with the request.
func NewRegistration(c unitv1connect.UnitServiceClient, d *kit.Desk, vouched *sessionv1.Vouched, done func(account string)) fyne.CanvasObject {
	u := &unitv1.Unit{Id: newID()}
	x := &registration{request: &unitv1.RegisterUnitRequest{Unit: u}, desk: d}
	x.basic = kit.NewForm(u, unitv1.Unit_CreditCode, unitv1.Unit_Name, unitv1.Unit_Location, unitv1.Unit_Nature, unitv1.Unit_Division, unitv1.Unit_Contact, unitv1.Unit_Phone, unitv1.Unit_Address, unitv1.Unit_Licence)
	x.basic.Attach(x.choose)
	hint := widget.NewLabel("企业须上传营业执照（PDF、JPG 或 PNG，不超过 8 MB）；机关、事业单位等可不上传。")
	hint.Importance = widget.LowImportance
	handler := x.handler(vouched)
	superior, chosen := x.superior(c)
	finish := func() {
		if !handler.check() {
			return
		}
		d.Submit(func() error {
			_, err := c.RegisterUnit(context.Background(), x.request)
			return err
		}, func() { done(x.request.Handler.GetStaff().GetAccount()) }, append(handler.forms, x.basic)...)
	}
	return kit.NewWizard(finish,
		kit.Step{Title: "上级单位", Content: superior, Check: chosen},
		kit.Step{Title: "单位信息", Content: container.NewVBox(x.basic.Content, hint), Check: x.checked},
		kit.Step{Title: "经办人员", Content: handler.content},
	)
}

// superior is the step in which the superior is looked up; chosen asks for it.
func (x *registration) superior(c unitv1connect.UnitServiceClient) (content fyne.CanvasObject, chosen func() bool) {
	u := x.request.Unit
	kind := container.NewStack()
	shown := widget.NewLabel("尚未选择上级单位")
	shown.TextStyle.Bold = true
	pick := newSuperiorPick(c, x.desk, func(s *unitv1.Superior) {
		u.SuperiorId, u.SuperiorName = s.Id, s.Name
		shown.Importance = widget.MediumImportance
		shown.SetText("已选择：" + s.Name)
		kind.Objects = []fyne.CanvasObject{kinds(s.Kind, u)}
		kind.Refresh()
	})
	content = container.NewVBox(widget.NewLabel("注册申请由上级单位审核，通过后方可办理业务。"), pick.content, shown, kind)
	return content, func() bool {
		if u.SuperiorId == "" {
			shown.Importance = widget.DangerImportance
			shown.SetText("请先查找并选择上级单位")
		}
		return u.SuperiorId != "" && u.Kind != 0
	}
}

// checked holds the unit's own step against the rules that can be known here.
func (x *registration) checked() bool {
	if !x.basic.Check() {
		return false
	}
	if x.request.Unit.Licence == nil {
		x.request.Licence = nil // it was taken away again
	}
	err := rules.CheckLicence(x.request.Unit)
	if err != nil {
		x.desk.Fail(x.basic.Show(err))
	}
	return err == nil
}

// mostLicence is how large a licence may be (the limit of the request).
const mostLicence = 8 << 20

// choose lets the person choose the licence and takes it into the request.
func (x *registration) choose(_ string, then func(*commonv1.Attachment)) {
	x.desk.Files.Open([]string{".pdf", ".jpg", ".jpeg", ".png"}, func(path string) {
		f := &unitv1.File{Name: filepath.Base(path)}
		x.desk.Do(func() (err error) {
			f.Content, err = readLicence(path)
			if err == nil {
				err = rules.CheckFile(f)
			}
			return err
		}, func() {
			x.request.Licence = f
			sum := sha256.Sum256(f.Content)
			then(&commonv1.Attachment{Sha256: hex.EncodeToString(sum[:]), Name: f.Name, Size: int64(len(f.Content))})
		})
	})
}

func readLicence(path string) ([]byte, error) {
	i, err := os.Stat(path)
	if err == nil && i.Size() > mostLicence {
		return nil, fault.New(fault.Invalid, "“%s”超过 8 MB，请压缩或重新扫描后再选择", filepath.Base(path))
	}
	var b []byte
	if err == nil {
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fault.New(fault.NotFound, "读不出文件“%s”，请重新选择", filepath.Base(path))
	}
	return b, nil
}

// handler is the form of the first member of staff. Of somebody whom a platform has vouched for, name and number are the platform's.
func (x *registration) handler(v *sessionv1.Vouched) *handlerForm {
	h := newHandler(x.request.Unit)
	if v == nil {
		x.request.Handler = h
		return newHandlerForm(h)
	}
	s := h.Staff
	s.Name, s.Number, s.Phone = v.Name, v.Number, v.Phone
	s.Account = "sso-" + s.Id[len(s.Id)-12:] // nobody types it where there is a network
	x.request.Person, x.request.Ticket = s, v.Ticket
	form := kit.NewForm(s, unitv1.Staff_Name, unitv1.Staff_Number, unitv1.Staff_Phone)
	for name, value := range map[string]string{unitv1.Staff_Name: v.Name, unitv1.Staff_Number: v.Number} {
		if value != "" {
			form.Protect(name)
		}
	}
	note := widget.NewLabel("您已通过统一身份认证，提交后为该单位的超级管理员；姓名和证件号码以统一身份认证平台为准，以后仍通过统一身份登录。")
	note.Wrapping = fyne.TextWrapWord
	return &handlerForm{content: container.NewVBox(note, form.Content), forms: []*kit.Form{form}}
}
