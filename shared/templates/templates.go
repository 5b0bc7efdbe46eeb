// Package templates lists every Excel template by its kind: the commands of the server walk it, and so do the tests that hold every template
// against files of all sorts. A new template is one line here.
package templates

import (
	"strings"

	"zhiping/shared/application"
	"zhiping/shared/expert"
	"zhiping/shared/fault"
	"zhiping/shared/sheet"
)

// All are the templates in the order of the business.
func All() []sheet.Any {
	return []sheet.Any{expert.Sheet(), application.Sheet()}
}

// Of is the template of a kind; an unknown one is a fault that lists the kinds.
func Of(kind string) (sheet.Any, error) {
	var kinds []string
	for _, t := range All() {
		if t.Kind() == kind {
			return t, nil
		}
		kinds = append(kinds, t.Kind()+"（"+t.Called()+"）")
	}
	return nil, fault.New(fault.NotFound, "没有模板“%s”。可用的模板：%s", kind, strings.Join(kinds, "、"))
}
