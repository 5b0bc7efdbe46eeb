// Package idnum reads the numbers that people and documents go by: resident IDs (GB 11643), unified social credit codes (GB 32100) and document
// numbers 〔year〕 (rules.md, section 4). What is typed with full-width signs, spaces or a small x is put right; what is wrong is a fault
// that says what and how to mend it.
package idnum

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"

	"zhiping/shared/fault"
)

// An ID is a resident's number and what it says.
type ID struct {
	Number   string // 18 characters, X in capitals
	Birth    string // civil date, yyyy-mm-dd
	Sex      string // GB/T 2261.1: "1" male, "2" female
	Division string // the six digits of the address; unknown ones are allowed
}

// Clean makes full-width letters, digits and signs narrow and takes out spaces and signs that cannot be seen, as pasting brings them along.
// Chinese punctuation stays as it is.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, width.Fold.String(s))
}

var (
	residentWeights = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	residentPattern = regexp.MustCompile(`^[0-9]{17}[0-9X]$`)
)

// Resident reads a resident ID (GB 11643). The fault says what is wrong; it never repeats the number, because faults go to logs.
func Resident(s string) (ID, error) {
	n := strings.ToUpper(Clean(s))
	switch {
	case len(n) == 15 && strings.Trim(n, "0123456789") == "":
		return ID{}, fault.New(fault.Invalid, "居民身份证号码是15位旧号码，请填写18位号码")
	case !residentPattern.MatchString(n):
		return ID{}, fault.New(fault.Invalid, "居民身份证号码须为18位，前17位为数字，末位为数字或X，请核对")
	}
	birth, err := time.Parse("20060102", n[6:14])
	if err != nil || birth.Year() < 1900 {
		return ID{}, fault.New(fault.Invalid, "居民身份证号码第7至14位不是有效的出生日期，请核对")
	}
	if n[17] != ResidentCheck(n[:17]) {
		return ID{}, fault.New(fault.Invalid, "居民身份证号码校验位不正确，请对照证件逐位核对")
	}
	sex := "2"
	if (n[16]-'0')%2 == 1 {
		sex = "1"
	}
	return ID{Number: n, Birth: birth.Format(time.DateOnly), Sex: sex, Division: n[:6]}, nil
}

// ResidentCheck returns the check sign of the first 17 digits, by ISO 7064 MOD 11-2. They must be 17 digits.
func ResidentCheck(first17 string) byte {
	sum := 0
	for i, w := range residentWeights {
		sum += w * int(first17[i]-'0')
	}
	return "10X98765432"[sum%11]
}

const creditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

var creditWeights = [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}

// CreditCode reads a unified social credit code (GB 32100) and returns its 18 signs in capitals.
func CreditCode(s string) (string, error) {
	c := strings.ToUpper(Clean(s))
	signs := []rune(c)
	if len(signs) != 18 {
		return "", fault.New(fault.Invalid, "统一社会信用代码须为18位，现为%d位，请对照证照核对", len(signs))
	}
	for i, r := range signs {
		if !strings.ContainsRune(creditAlphabet, r) {
			return "", fault.New(fault.Invalid, "统一社会信用代码第%d位“%c”不正确：只用数字和大写字母，不用I、O、S、V、Z，请对照证照核对", i+1, r)
		}
	}
	if c[17] != CreditCheck(c[:17]) {
		return "", fault.New(fault.Invalid, "统一社会信用代码校验位不正确，请对照证照逐位核对")
	}
	return c, nil
}

// CreditCheck returns the check sign of the first 17 signs. They must be 17 signs of the code's alphabet.
func CreditCheck(first17 string) byte {
	sum := 0
	for i, w := range creditWeights {
		sum += w * strings.IndexByte(creditAlphabet, first17[i])
	}
	return creditAlphabet[(31-sum%31)%31]
}

// A Document is a document number, as in 眉人社职〔2020〕60号.
type Document struct {
	Office string
	Year   int
	Serial int
}

// String writes the number in its proper form.
func (d Document) String() string { return fmt.Sprintf("%s〔%d〕%d号", d.Office, d.Year, d.Serial) }

var documentPattern = regexp.MustCompile(`^(.+?)[〔\[(【〖{]([0-9]{4})[〕\])】〗}]第?([0-9]+)号?$`)

// ParseDocument reads a document number. Other brackets, full-width digits, spaces and leading zeros are put right: corrected says that the
// text differs from what was typed, so that a screen can show the difference.
func ParseDocument(s string) (d Document, corrected bool, err error) {
	m := documentPattern.FindStringSubmatch(Clean(s))
	if m == nil {
		return d, false, fault.New(fault.Invalid, "职称文件文号“%s”格式不正确，应为“机关代字〔年份〕序号号”，如：某人社职〔2026〕60号", s)
	}
	d.Office = m[1]
	d.Year, _ = strconv.Atoi(m[2])
	if d.Year < 1980 || d.Year > 2100 {
		return d, false, fault.New(fault.Invalid, "职称文件文号“%s”的年份不正确，请核对", s)
	}
	if d.Serial, err = strconv.Atoi(m[3]); err != nil || d.Serial == 0 {
		return d, false, fault.New(fault.Invalid, "职称文件文号“%s”的序号不正确，请核对", s)
	}
	return d, d.String() != s, nil
}
