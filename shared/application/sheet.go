package application

import (
	"fmt"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	"zhiping/shared/fault"
	"zhiping/shared/field"
	"zhiping/shared/person"
	"zhiping/shared/sheet"
)

// achievements is how many achievements a row of the sheet has room for; further ones are added on the form.
const achievements = 3

// Sheet is the template of applications (D2): the activity is chosen on the page, so it is no column.
func Sheet() *sheet.Sheet[*applicationv1.Application] {
	type column = sheet.Column[*applicationv1.Application]
	c := func(field, example string) column { return column{Field: field, Example: example} }
	s := &sheet.Sheet[*applicationv1.Application]{
		Name: "application", Title: "申报人员导入表", New: func() *applicationv1.Application { return &applicationv1.Application{} },
		Columns: []column{
			c(applicationv1.Application_Name, "某某"), c(applicationv1.Application_IdKind, "居民身份证"), c(applicationv1.Application_Number, "11010119900307****"),
			c(applicationv1.Application_Ethnic, "汉族"), c(applicationv1.Application_Phone, "138********"), c(applicationv1.Application_PresentTitle, "助理工程师"),
			c(applicationv1.Application_PresentTitleOn, "2020-09-01"), c(applicationv1.Application_Education, "大学本科毕业"), c(applicationv1.Application_School, "某某大学"),
			c(applicationv1.Application_GraduatedOn, "2012-07-01"), c(applicationv1.Application_ServiceYears, "12"), c(applicationv1.Application_Retired, "否"),
			c(applicationv1.Application_Series, "工程技术人才"), c(applicationv1.Application_Level, "中级"), c(applicationv1.Application_Specialty, "土木工程"),
			c(applicationv1.Application_Title, "工程师"), c(applicationv1.Application_Method, "评审"), c(applicationv1.Application_Exceptional, "否"),
		},
		Check: checkRow,
	}
	for i := range achievements {
		for _, f := range []string{applicationv1.Achievement_Kind, applicationv1.Achievement_Title, applicationv1.Achievement_Date, applicationv1.Achievement_Role} {
			s.Columns = append(s.Columns, achievement(i, f))
		}
	}
	return s
}

// achievement is a column of the ith achievement.
func achievement(i int, name string) sheet.Column[*applicationv1.Application] {
	label := field.Named(&applicationv1.Achievement{}, name)[0].GetLabel()
	head := fmt.Sprintf("业绩%d%s", i+1, label)
	return sheet.Column[*applicationv1.Application]{
		Head: head,
		Text: func(a *applicationv1.Application) string {
			if i >= len(a.Achievements) {
				return ""
			}
			return field.Named(a.Achievements[i], name)[0].Text(a.Achievements[i])
		},
		Set: func(a *applicationv1.Application, s string) *fault.Problem {
			if s == "" {
				return nil
			}
			for len(a.Achievements) <= i {
				a.Achievements = append(a.Achievements, &applicationv1.Achievement{})
			}
			p := field.Named(a.Achievements[i], name)[0].SetText(a.Achievements[i], s)
			if p != nil {
				p.Text = fmt.Sprintf("业绩%d：%s", i+1, p.Text)
			}
			return p
		},
	}
}

// checkRow checks what a row tells without its activity.
func checkRow(a *applicationv1.Application) []fault.Problem {
	var all []fault.Problem
	if p := person.CheckName(a.Name, "name"); p != nil {
		all = append(all, *p)
	}
	id, p := person.Identify(a.IdKind, a.Number, "number")
	if p != nil {
		all = append(all, *p)
	} else {
		a.Number, a.Birth, a.Sex = id.Number, id.Birth, id.Sex
	}
	if a.Retired {
		all = append(all, fault.Problem{Field: "retired", Text: "已退休人员不能申报（第十三条）"})
	}
	return all
}
