package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
	"google.golang.org/protobuf/proto"

	"zhiping/shared/catalog"
	"zhiping/shared/field"
)

// A divisionPick picks an administrative division level by level, province, city, county: county names stand several times in the country, so
// that a list of names alone would pick the wrong one. A province or city itself is picked as 省本级 or 市本级 on the level below (A1).
type divisionPick struct {
	content fyne.CanvasObject
	levels  [3]*widget.Select
	codes   [3]map[string]string // what each level's names stand for
	changed func(code string)
	setting bool
}

const divisions = "divisions"

// isDivision reports whether a field holds one division.
func isDivision(f *field.Info) bool { return f.GetCatalogue() == divisions && !f.Desc.IsList() }

// code is the code that a field of a code list holds.
func code(m proto.Message, f *field.Info) string { return m.ProtoReflect().Get(f.Desc).String() }

func newDivisionPick(code string, changed func(string)) *divisionPick {
	p := &divisionPick{changed: changed}
	row := container.NewGridWithColumns(len(p.levels))
	for i, hint := range []string{"省", "市（州）", "县（市、区）"} {
		p.levels[i] = widget.NewSelect(nil, func(name string) { p.picked(i, name) })
		p.levels[i].PlaceHolder = hint
		row.Add(p.levels[i])
	}
	p.content = row
	p.set(code)
	return p
}

// set shows a division.
func (p *divisionPick) set(code string) {
	names := catalog.Path(divisions, code)
	if own, ok := catalog.OwnLevel(code); ok {
		names = append(names, own)
	}
	p.quietly(func() {
		p.offer(0, "")
		for i, name := range names {
			p.levels[i].SetSelected(name)
			if i+1 < len(names) {
				p.offer(i+1, p.codes[i][name])
			}
		}
	})
}

// offer fills a level with what stands below a code, the code's own level first; the levels after it are emptied.
func (p *divisionPick) offer(level int, parent string) {
	p.empty(level)
	s := p.levels[level]
	if own, ok := catalog.OwnLevel(parent); ok {
		s.Options, p.codes[level][own] = append(s.Options, own), parent
	}
	for _, e := range catalog.Children(divisions, parent) {
		s.Options, p.codes[level][e.Name] = append(s.Options, e.Name), e.Code
	}
	s.Refresh()
}

// empty empties the levels from one on.
func (p *divisionPick) empty(from int) {
	for i := from; i < len(p.levels); i++ {
		p.levels[i].Options, p.codes[i] = nil, map[string]string{}
		p.levels[i].ClearSelected()
	}
}

// picked takes what was picked on a level: a county or an own level is a division, anything else asks for the level below.
func (p *divisionPick) picked(level int, name string) {
	if p.setting || name == "" {
		return
	}
	code := p.codes[level][name]
	if own, _ := catalog.OwnLevel(code); own == name || level == len(p.levels)-1 {
		p.quietly(func() { p.empty(level + 1) })
		p.changed(code)
		return
	}
	p.quietly(func() { p.offer(level+1, code) })
	p.changed("")
	if below := p.levels[level+1]; len(below.Options) == 1 {
		below.SetSelectedIndex(0) // there is nothing to choose
	}
}

// quietly changes the drop-downs without taking it for a choice.
func (p *divisionPick) quietly(change func()) {
	p.setting = true
	change()
	p.setting = false
}

func (p *divisionPick) disable() {
	for _, s := range p.levels {
		s.Disable()
	}
}
