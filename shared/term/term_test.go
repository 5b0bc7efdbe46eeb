package term_test

import (
	"slices"
	"strings"
	"testing"

	"zhiping/shared/term"
)

func found(text, typed string) bool {
	low, high := term.Range(typed)
	return slices.ContainsFunc(term.Of(text), func(t string) bool { return t >= low && t < high })
}

func TestFound(t *testing.T) {
	for _, c := range []struct {
		text, typed string
		want        bool
	}{
		{"张示例", "张", true},
		{"张示例", "示例", true},
		{"张示例", "zhang", true},
		{"张示例", "zsl", true},
		{"张示例", "shili", true},
		{"张示例", "sl", true},
		{"张示例", "ZhangShi", true},
		{"张示例", "li", true}, // 例 is read li
		{"张示例", "wang", false},
		{"张示例", "例示", false},
		{"单示例", "shan", true},
		{"单示例", "dan", true}, // of a unit's name it is the common word
		{"曾示例", "zeng", true},
		{"仇示例", "qsl", true},
		{"解示例", "xieshi", true},
		{"尉迟示例", "yuchi", true},
		{"万俟示例", "mqsl", true},
		{"示例市人力资源和社会保障局（虚构）", "人力资源", true},
		{"示例市人力资源和社会保障局（虚构）", "rlzy", true},
		{"示例市人力资源和社会保障局（虚构）", "社会 保障", true},
		{"Ahmet Example", "example", true},
		{"𠅤示例", "𠅤", true},
		{"示例", "", true},
	} {
		if got := found(c.text, c.typed); got != c.want {
			t.Errorf("%q by %q: %v", c.text, c.typed, got)
		}
	}
	if len(term.Of("")) != 0 {
		t.Error("nothing has terms")
	}
	long := strings.Repeat("长", 200)
	for _, x := range term.Of(long) {
		if len([]rune(x)) > 32 {
			t.Fatal("too long a term", x)
		}
	}
	if !found(long, long) {
		t.Error("a long text is not found by itself")
	}
}
