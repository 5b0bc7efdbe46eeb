package notice

import (
	"fmt"
	"testing"
)

func TestTablesAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"只有文字": `[{只有文字 []}]`,
		"前\n\n| 系列 | 层级 |\n|---|:--:|\n| 工程 | 中级 |\n| 卫生 |\n\n后": "[{前\n []} { [[系列 层级] [工程 中级] [卫生]]} {\n后 []}]",
		"系列 | 层级\n--- | ---\n工程 | 中级":                            `[{ [[系列 层级] [工程 中级]]}]`,
		"甲 | 乙\n没有分隔行":                                           "[{甲 | 乙\n\n没有分隔行 []}]",
		"第一行\n第二行\n- 一\n- 二\n\n尾":                                "[{第一行\n\n第二行\n- 一\n- 二\n\n尾 []}]",
		"```\n| a |\n|---|\n```":                                 "[{```\n| a |\n|---|\n``` []}]",
		"":                                                       `[]`,
	} {
		if got := fmt.Sprint(blocks(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
