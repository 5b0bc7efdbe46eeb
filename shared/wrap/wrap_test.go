package wrap_test

import (
	"slices"
	"strings"
	"testing"

	"zhiping/shared/wrap"
)

func TestLines(t *testing.T) {
	wide := func(r rune) float64 {
		if r < 0x80 {
			return 0.5
		}
		return 1
	}
	for _, c := range []struct {
		text  string
		width float64
		want  []string
	}{
		{"", 5, []string{""}},
		{"请核对后提交。", 6, []string{"请核对后提", "交。"}},
		{"点“查询”按钮", 2.5, []string{"点", "“查", "询”", "按钮"}},
		{"按 Ctrl+S 保存", 4, []string{"按 ", "Ctrl+S ", "保存"}},
		{"abcdefgh", 2, []string{"abcd", "efgh"}},
	} {
		got := wrap.Lines(c.text, c.width, wide)
		if !slices.Equal(got, c.want) || strings.Join(got, "") != c.text {
			t.Errorf("%q at %v: %q, want %q", c.text, c.width, got, c.want)
		}
	}
}
