// Package help is the help of every screen (F1): the pages as text with their search, and the book that shows them.
package help

import (
	"path"
	"slices"
	"strings"

	"zhiping/assets"
)

// A Page is the help of one screen.
type Page struct {
	Key, Title, Text string // Text is Markdown without the title
}

// order is that of the index: as the work goes, and what is before and beside it at the end. A page that is not named here comes last.
var order = []string{
	"home", "own-unit", "staff", "staff-edit", "roles", "posts", "new-unit", "unit-registration", "unit-superior", "unit-subordinate", "edit-unit", "unit-tree", "permission-application",
	"department-map", "application-own", "new-application", "edit-application", "import-applications", "application-review", "review", "application-committee",
	"delivery-received", "compose", "message-sent", "notice-published", "notice-own", "notice", "pending", "settings", "change-password", "start", "sign-in", "unit-register", "keys", "meeting-open", "room", "booth", "hub-open", "hub",
}

// All returns every page in the order of the index.
func All() []Page {
	files, err := assets.Help.ReadDir("help")
	if err != nil {
		panic(err) // embedded
	}
	var all []Page
	for _, f := range files {
		text, err := assets.Help.ReadFile(path.Join("help", f.Name()))
		if err != nil {
			panic(err)
		}
		title, rest, _ := strings.Cut(string(text), "\n")
		all = append(all, Page{Key: strings.TrimSuffix(f.Name(), ".md"), Title: strings.TrimPrefix(title, "# "), Text: strings.TrimSpace(rest)})
	}
	slices.SortStableFunc(all, func(a, b Page) int { return place(a.Key) - place(b.Key) })
	return all
}

func place(key string) int {
	if i := slices.Index(order, key); i >= 0 {
		return i
	}
	return len(order)
}

// A Hit is a page that has what was looked for, and the line with it; of a page whose title has it, the first line.
type Hit struct {
	Page
	Line string
}

var plain = strings.NewReplacer("**", "", "`", "", "# ", "", "#", "", "\\*", "*")

// Find returns the pages that have all the words of a text, those with one in the title first. An empty text finds every page.
func Find(all []Page, text string) []Hit {
	words := strings.Fields(strings.ToLower(text))
	var named, others []Hit
	for _, p := range all {
		lines := strings.Split(plain.Replace(p.Text), "\n")
		whole := strings.ToLower(p.Title + "\n" + strings.Join(lines, "\n"))
		if slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(whole, w) }) {
			continue
		}
		h := Hit{Page: p, Line: lines[0]}
		if len(words) == 0 || strings.Contains(strings.ToLower(p.Title), words[0]) {
			named = append(named, h)
			continue
		}
		for _, l := range lines {
			if strings.Contains(strings.ToLower(l), words[0]) {
				h.Line = strings.TrimLeft(l, "- 0123456789.")
				break
			}
		}
		others = append(others, h)
	}
	return append(named, others...)
}
