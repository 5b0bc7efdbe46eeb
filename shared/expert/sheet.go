package expert

import (
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	"zhiping/shared/fault"
	"zhiping/shared/sheet"
)

// Sheet is the template of the expert pool (C4).
func Sheet() *sheet.Sheet[*expertv1.Expert] {
	c := func(field, example string) sheet.Column[*expertv1.Expert] {
		return sheet.Column[*expertv1.Expert]{Field: field, Example: example}
	}
	return &sheet.Sheet[*expertv1.Expert]{
		Name: "expert", Title: "评审专家导入表", New: func() *expertv1.Expert { return &expertv1.Expert{Country: "CHN"} },
		Columns: []sheet.Column[*expertv1.Expert]{
			c(expertv1.Expert_Name, "某某"), c(expertv1.Expert_IdKind, "居民身份证"), c(expertv1.Expert_Number, "11010119900307****"),
			c(expertv1.Expert_Ethnic, "汉族"), c(expertv1.Expert_Phone, "138********"), c(expertv1.Expert_WorkUnit, "某某单位"), c(expertv1.Expert_Duty, "总工程师"),
			c(expertv1.Expert_Series, "工程技术人才"), c(expertv1.Expert_Title, "高级工程师"), c(expertv1.Expert_Level, "副高级"),
			c(expertv1.Expert_Specialty, "土木工程"), c(expertv1.Expert_Position, "委员"), c(expertv1.Expert_TermUntil, "2028-12-31"), c(expertv1.Expert_Retired, "否"),
			c(expertv1.Expert_TermFrom, "2026-01-01"), c(expertv1.Expert_Occupation, "结构设计"), c(expertv1.Expert_Honours, "无"), c(expertv1.Expert_Country, "中国"),
			c(expertv1.Expert_Sex, "男"),
			c(expertv1.Expert_Birth, "199003"),
			c(expertv1.Expert_Department, "某某局"), c(expertv1.Expert_DutyLevel, "无"),
			c(expertv1.Expert_Phone2, ""), c(expertv1.Expert_TitleOn, "2015-12-01"), c(expertv1.Expert_Education, "大学本科毕业"), c(expertv1.Expert_Degree, "学士"), c(expertv1.Expert_Skills, ""),
		},
		Check: func(e *expertv1.Expert) []fault.Problem { return Check(e) },
	}
}
