package kit

import (
	"strings"

	"fyne.io/fyne/v2"

	"zhiping/desktop/list"
)

// A Memory is what the program remembers of how a person has set it up: the widths of columns and the page size of each list, the pages that were
// open, text size and colours. It holds nothing of the work itself, so it stands in the program's preferences, each account under a prefix of its
// own: Fyne writes those together a moment later, and a column that is dragged does not cost a write for every pixel. A nil Memory remembers nothing.
type Memory struct {
	Preferences fyne.Preferences
	Account     string // server and account
}

func (m *Memory) key(what string) string { return "look/" + m.Account + "/" + what }

// ofList is the name that lists of one kind share: the part behind a space is a record's.
func (m *Memory) ofList(what, name string) string {
	name, _, _ = strings.Cut(name, " ")
	return m.key(what + "/" + name)
}

// widths are the widths of a list's columns at a text size of 100 %, nil for none: those of another number of columns are of another version.
func (m *Memory) widths(name string, columns int) []float64 {
	if m == nil {
		return nil
	}
	if all := m.Preferences.FloatList(m.ofList("widths", name)); len(all) == columns {
		return all
	}
	return nil
}

func (m *Memory) keepWidths(name string, all []float64) {
	if m != nil {
		m.Preferences.SetFloatList(m.ofList("widths", name), all)
		m.note(m.ofList("widths", name))
	}
}

// size is a list's page size, 0 for none.
func (m *Memory) size(name string) int32 {
	if m != nil {
		n := int32(m.Preferences.Int(m.ofList("size", name)))
		for _, s := range list.Sizes {
			if n == s {
				return n
			}
		}
	}
	return 0
}

func (m *Memory) keepSize(name string, n int32) {
	if m != nil {
		m.Preferences.SetInt(m.ofList("size", name), int(n))
		m.note(m.ofList("size", name))
	}
}

// note keeps the keys that there are, so that they can be forgotten.
func (m *Memory) note(key string) {
	all := m.Preferences.StringList(m.key("lists"))
	for _, k := range all {
		if k == key {
			return
		}
	}
	m.Preferences.SetStringList(m.key("lists"), append(all, key))
}

// ForgetLists forgets the widths and page sizes of all lists.
func (m *Memory) ForgetLists() {
	for _, k := range m.Preferences.StringList(m.key("lists")) {
		m.Preferences.RemoveValue(k)
	}
	m.Preferences.RemoveValue(m.key("lists"))
}

// Pages are the lines of the menu whose pages were open.
func (m *Memory) Pages() []string { return m.Preferences.StringList(m.key("pages")) }

// KeepPages remembers them.
func (m *Memory) KeepPages(lines []string) { m.Preferences.SetStringList(m.key("pages"), lines) }

// Group is the group of the menu that was opened last, "" for none.
func (m *Memory) Group() string { return m.Preferences.String(m.key("group")) }

// KeepGroup remembers it.
func (m *Memory) KeepGroup(title string) { m.Preferences.SetString(m.key("group"), title) }

// A Look is how the window looks.
type Look struct {
	Scale float32 // of the text: 1 to 1.5
	Dark  bool
}

// Look is how the person has it, or a fallback.
func (m *Memory) Look(fallback Look) Look {
	dark := m.Preferences.BoolWithFallback(m.key("dark"), fallback.Dark)
	scale := float32(m.Preferences.FloatWithFallback(m.key("scale"), float64(fallback.Scale)))
	return Look{Scale: min(max(scale, 1), 1.5), Dark: dark}
}

// KeepLook remembers it.
func (m *Memory) KeepLook(l Look) {
	m.Preferences.SetFloat(m.key("scale"), float64(l.Scale))
	m.Preferences.SetBool(m.key("dark"), l.Dark)
}
