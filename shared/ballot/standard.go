package ballot

import "fmt"

// Standard is the scoring standard of a round as an expert fills it in (F10): one item after the other, each with a name, its weight and its
// highest score; none of a vote. A round without item lines has items that are all alike.
func (p *Package) Standard(r *Round) []Item {
	written := p.items(r)
	var all []Item
	for k := range int(r.Items) {
		item := Item{Round: r.ID, Number: int64(k + 1), Name: fmt.Sprintf("第%d项", k+1), Weight: 1}
		if k < len(written) {
			item.Name, item.Weight = written[k].Name, written[k].Weight
		}
		_, item.Max = p.limits(r, k)
		all = append(all, item)
	}
	return all
}
