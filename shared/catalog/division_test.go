package catalog_test

import (
	"testing"

	"zhiping/shared/catalog"
)

func TestDivision(t *testing.T) {
	for code, want := range map[string]string{
		"510104": "四川省 / 成都市 / 锦江区", "510100": "四川省 / 成都市 / 市本级", "510000": "四川省 / 省本级", "513200": "四川省 / 阿坝藏族羌族自治州 / 州本级",
		"110000": "北京市 / 市本级", "540000": "西藏自治区 / 自治区本级", "511083": "四川省 / 内江市 / 隆昌市", "": "", "999999": "",
	} {
		if got := catalog.Division(code); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
	if own, ok := catalog.OwnLevel("510104"); ok {
		t.Error("a county has no level of its own:", own)
	}
}
