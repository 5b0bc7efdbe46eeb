package catalog

import "strings"

// divisions is the list of administrative divisions, GB/T 2260: provinces, below them cities, below them counties.
const divisions = "divisions"

// Path returns the names from the top of a list down to a code; nothing for an unknown one.
func Path(name, code string) []string {
	l := lists()[name]
	var names []string
	for l != nil {
		i, ok := l.byCode[code]
		if !ok || len(names) > len(l.entries) {
			break
		}
		names = append([]string{l.entries[i].Name}, names...)
		code = l.entries[i].Parent
	}
	return names
}

// OwnLevel returns what people call the level of a province or city itself, as in 省本级 or 市本级; false for a county (A1).
func OwnLevel(code string) (string, bool) {
	name, ok := Name(divisions, code)
	if !ok || !strings.HasSuffix(code, "00") {
		return "", false
	}
	runes := []rune(name)
	switch last := string(runes[len(runes)-1]); {
	case strings.HasSuffix(name, "自治区"):
		return "自治区本级", true
	case strings.HasSuffix(name, "地区"):
		return "地区本级", true
	default:
		return last + "本级", true // 省 市 州 盟
	}
}

// Division returns a division as people write it: "四川省 / 成都市 / 锦江区", of a city itself "四川省 / 成都市 / 市本级".
func Division(code string) string {
	names := Path(divisions, code)
	if own, ok := OwnLevel(code); ok {
		names = append(names, own)
	}
	return strings.Join(names, " / ")
}
