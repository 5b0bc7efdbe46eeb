// Package wrap breaks Chinese text into lines, for the printed page and for the screen.
package wrap

import (
	"strings"
	"unicode"
)

// Marks that may not begin a line, and marks that may not end one (GB/T 15834-2011, section 5.1).
const (
	noStart = "，。、；：？！）》〉】〗」』”’］｝〕％‰℃…—～·•,.;:?!)]}%>"
	noEnd   = "（《〈【〖「『“‘［｛〔([{<￥$#＃№"
)

// Lines breaks one paragraph into lines no wider than width, a measure in the unit of wide.
//
// No character is lost or added: the lines put together are the text. Spaces at the end of a line stay there and take no room. No
// line begins with a closing mark or ends with an opening one, words of letters and digits stay whole, and so do — and … pairs, as long as
// any other place to break exists in the line; a word wider than the line is broken where it must be.
func Lines(text string, width float64, wide func(rune) float64) []string {
	rs := []rune(text)
	if len(rs) == 0 {
		return []string{""}
	}
	var lines []string
	for start := 0; start < len(rs); {
		end := fit(rs, start, width, wide)
		if end < len(rs) {
			end = turn(rs, start, end)
		}
		lines = append(lines, string(rs[start:end]))
		start = end
	}
	return lines
}

// fit returns the end of the longest run from start that is not wider than width, at least one character long.
func fit(rs []rune, start int, width float64, wide func(rune) float64) int {
	sum := 0.0
	for i := start; i < len(rs); i++ {
		sum += wide(rs[i])
		if sum > width+1e-6 && i > start && rs[i] != ' ' {
			return i
		}
	}
	return len(rs)
}

// turn moves the end of a line back to the last good place, or else to the last place that keeps closing marks off the next
// line's start and opening ones off this line's end, or else leaves it.
func turn(rs []rune, start, end int) int {
	for i := end; i > start; i-- {
		if allowed(rs[i-1], rs[i]) && !joined(rs[i-1], rs[i]) {
			return i
		}
	}
	for i := end; i > start; i-- {
		if allowed(rs[i-1], rs[i]) {
			return i
		}
	}
	return end
}

// allowed tells whether a line may end with a and the next begin with b, as far as marks go.
func allowed(a, b rune) bool {
	return !strings.ContainsRune(noStart, b) && !strings.ContainsRune(noEnd, a) && b != ' ' && !unicode.Is(unicode.Mn, b)
}

// joined tells whether a and b belong to one word.
func joined(a, b rune) bool { return inWord(a) && inWord(b) }

// inWord tells whether r is part of a word of letters, digits and what links them. Chinese characters and spaces are words of their own.
func inWord(r rune) bool {
	return r < 0x2E80 && r != ' ' && r != '·' && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_/@+&=~'’\\*", r))
}
