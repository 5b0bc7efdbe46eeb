// Package person holds the rules of identity: one record per human being, unique by kind and number of the ID (architecture.md).
package person

import (
	"strings"

	"zhiping/shared/fault"
	"zhiping/shared/idnum"
)

// Resident is the kind of ID that the number's check digit is known of (GA/T 517: 111 居民身份证).
const Resident = "111"

// Identify normalises the number of an ID and says what it tells; field names the entry for the problem.
func Identify(kind, number, field string) (idnum.ID, *fault.Problem) {
	if idnum.Clean(number) == "" {
		return idnum.ID{}, &fault.Problem{Field: field, Text: "证件号码为必填项，请填写"}
	}
	if n := idnum.Clean(number); len(n) > 18 || strings.ContainsAny(number, "、，,;；/\n") {
		return idnum.ID{}, &fault.Problem{Field: field, Text: "证件号码只能填写一个人的号码，请每人一行分别填写"}
	}
	if kind != Resident {
		n := strings.ToUpper(idnum.Clean(number))
		if len(n) < 5 {
			return idnum.ID{}, &fault.Problem{Field: field, Text: "证件号码过短，请对照证件核对"}
		}
		return idnum.ID{Number: n}, nil
	}
	id, err := idnum.Resident(number)
	if err != nil {
		return id, &fault.Problem{Field: field, Text: err.Error()}
	}
	return id, nil
}

// CheckName refuses a name that is more than one person's.
func CheckName(name, field string) *fault.Problem {
	if strings.ContainsAny(name, "、，,;；/\n") {
		return &fault.Problem{Field: field, Text: "姓名只能填写一个人，请每人一行分别填写"}
	}
	return nil
}
