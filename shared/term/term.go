// Package term makes names findable by what people type of them: a part of the name, its pinyin or the initials of its pinyin (ui.md). Each text
// gives the terms that it is found under; a search is for those that begin with what was typed, which an index answers at once.
package term

import (
	"slices"
	"strings"
	"unicode"

	"github.com/mozillazg/go-pinyin"
)

// longest is how much of a term is kept and looked for, in characters: nobody types more of a name.
const longest = 32

// surnames are read in another way at the beginning of a name than elsewhere (libraries.md): the library reads them as common words.
var surnames = map[string]string{
	"单": "shan", "曾": "zeng", "仇": "qiu", "解": "xie", "任": "ren", "华": "hua", "查": "zha", "盖": "ge", "区": "ou", "朴": "piao", "翟": "zhai", "缪": "miao",
	"折": "she", "黑": "he", "种": "chong", "乐": "yue", "员": "yun", "繁": "po", "冼": "xian", "秘": "bi", "召": "shao", "覃": "qin", "那": "na", "应": "ying",
	"宁": "ning", "牟": "mou", "祭": "zhai", "尹": "yin", "重": "chong", "隗": "wei", "洗": "xian", "阚": "kan", "逄": "pang", "郇": "xun", "佴": "nai", "过": "guo", "哈": "ha",
	"尉迟": "yu chi", "万俟": "mo qi", "长孙": "zhang sun", "鲜于": "xian yu", "澹台": "tan tai", "宰父": "zai fu", "令狐": "ling hu", "单于": "chan yu",
}

var reading = pinyin.NewArgs()

// Clean writes a text as terms are compared: lower case, without spaces.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// Of returns the terms of a text: from every character on, the rest of it, its pinyin and its initials.
func Of(text string) []string {
	runes := []rune(Clean(text))
	all := map[string]bool{}
	add := func(s string) { all[cut(s)] = true }
	plain, han := read(runes)
	for i := range runes {
		add(string(runes[i:]))
		if han {
			add(strings.Join(plain[i:], ""))
			add(initials(plain[i:]))
		}
	}
	if named := named(runes, plain); named != nil {
		add(strings.Join(named, ""))
		add(initials(named))
	}
	delete(all, "")
	terms := make([]string, 0, len(all))
	for t := range all {
		terms = append(terms, t)
	}
	slices.Sort(terms)
	return terms
}

// Range is where in the order of the terms those are that begin with what was typed: from low up to, without, high.
func Range(typed string) (low, high string) {
	low = cut(Clean(typed))
	return low, low + string(unicode.MaxRune)
}

func cut(s string) string {
	if r := []rune(s); len(r) > longest {
		return string(r[:longest])
	}
	return s
}

// read is each character as it is read, the character itself where it is no Chinese; han tells whether one is.
func read(runes []rune) (syllables []string, han bool) {
	for _, r := range runes {
		if p := pinyin.SinglePinyin(r, reading); len(p) > 0 {
			syllables, han = append(syllables, p[0]), true
			continue
		}
		syllables = append(syllables, string(r))
	}
	return syllables, han
}

// named is a name as it is read when it begins with a surname that has a reading of its own; nil for others.
func named(runes []rune, plain []string) []string {
	for _, n := range []int{2, 1} {
		if len(runes) < n {
			continue
		}
		if s, ok := surnames[string(runes[:n])]; ok {
			return append(strings.Split(s, " "), plain[n:]...)
		}
	}
	return nil
}

func initials(syllables []string) string {
	var b strings.Builder
	for _, s := range syllables {
		for _, r := range s {
			b.WriteRune(r)
			break
		}
	}
	return b.String()
}
