// Package catalog holds the code lists (rules.md, section 4), the working days and the rule sets. Fields declare which list their value is
// from; a value is a code, what people read is its name.
package catalog

import (
	"encoding/csv"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"zhiping/assets"
)

// An Entry is one line of a code list.
type Entry struct {
	Code, Name string
	Parent     string // the code above it; of a title, "series/level"
	Source     string // where the line comes from
	Confidence string // how sure it is: S, A, M or L (see package assets)
}

type list struct {
	entries []Entry
	byCode  map[string]int
	byName  map[string]int
	below   map[string][]Entry
}

// lists reads every list once; a list that cannot be read is a bug that a test of this package finds.
var lists = sync.OnceValue(func() map[string]*list {
	all := map[string]*list{}
	files, err := fs.Glob(assets.Catalogues, "catalogues/*.csv")
	if err != nil {
		panic(err)
	}
	for _, file := range files {
		l, err := read(file)
		if err != nil {
			panic(fmt.Sprintf("catalog: %s: %v", file, err))
		}
		all[strings.TrimSuffix(path.Base(file), ".csv")] = l
	}
	return all
})

func read(file string) (*list, error) {
	f, err := assets.Catalogues.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 || !slices.Equal(rows[0], []string{"code", "name", "parent", "source", "confidence"}) {
		return nil, fmt.Errorf("unexpected head")
	}
	l := &list{byCode: map[string]int{}, byName: map[string]int{}, below: map[string][]Entry{}}
	for i, r := range rows[1:] {
		e := Entry{Code: r[0], Name: r[1], Parent: r[2], Source: r[3], Confidence: r[4]}
		if _, twice := l.byCode[e.Code]; twice || e.Code == "" || e.Name == "" || e.Source == "" {
			return nil, fmt.Errorf("line %d: empty or twice", i+2)
		}
		l.byCode[e.Code] = i
		if _, twice := l.byName[e.Name]; !twice {
			l.byName[e.Name] = i
		}
		l.entries = append(l.entries, e)
		l.below[e.Parent] = append(l.below[e.Parent], e)
	}
	return l, nil
}

// Known reports whether there is a list of this name.
func Known(name string) bool { return lists()[name] != nil }

// Name returns what people call a code.
func Name(name, code string) (string, bool) {
	l := lists()[name]
	if l == nil {
		return "", false
	}
	i, ok := l.byCode[code]
	if !ok {
		return "", false
	}
	return l.entries[i].Name, true
}

// Code returns the code of a name; a code is taken as itself. Where a name stands twice the first is meant.
func Code(name, text string) (string, bool) {
	l := lists()[name]
	if l == nil {
		return "", false
	}
	if i, ok := l.byName[text]; ok {
		return l.entries[i].Code, true
	}
	_, ok := l.byCode[text]
	return text, ok
}

// Choices returns the lines of a list in its order. The caller must not change them.
func Choices(name string) []Entry {
	if l := lists()[name]; l != nil {
		return l.entries
	}
	return nil
}

// Children returns the lines directly below a code, "" for those at the top.
func Children(name, parent string) []Entry {
	if l := lists()[name]; l != nil {
		return l.below[parent]
	}
	return nil
}
