package cache

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"zhiping/desktop/list"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/db"
	"zhiping/shared/term"
)

// condition is a part of a statement with its values, and the table it is about.
type condition struct {
	from, text string
	args       []any
}

func (w *condition) and(part string, values ...any) {
	places := make([]any, len(values))
	for i, v := range values {
		w.args = append(w.args, v)
		places[i] = fmt.Sprintf("$%d", len(w.args))
	}
	if w.text != "" {
		w.text += " AND "
	}
	w.text += fmt.Sprintf(part, places...)
}

// narrowed gives the conditions of a list's tabs, which are of one part of the list where it has parts, and those of its rows. A text is found
// by the terms that begin with it: first the texts are found, then their entries, each by an index, so that a search among tens of thousands
// of names keeps up with typing. SQLite is told which index, because without figures about the rows it would walk the whole list.
func narrowed[M proto.Message](l *list.List[M], columns map[string]int, q *commonv1.Query) (tabs, where condition) {
	tabs.from = "entry"
	tabs.and("list = %s", l.Name)
	for _, f := range q.GetFilters() {
		if f.Column == l.Mirror.Part {
			tabs.and("part = %s AND part <> ''", f.Value)
		}
	}
	where = condition{tabs.from, tabs.text, append([]any(nil), tabs.args...)}
	for _, f := range q.GetFilters() {
		n, ok := columns[f.Column]
		switch {
		case !ok || strings.TrimSpace(f.Value) == "":
		case l.Searched(f.Column):
			low, high := term.Range(f.Value)
			where.and(fmt.Sprintf("c%d <> '' AND c%d IN (SELECT text FROM term WHERE term >= %%s AND term < %%s)", n, n), low, high)
			if where.from == tabs.from {
				where.from = fmt.Sprintf("entry INDEXED BY entry_c%d", n)
			}
		default:
			where.and(fmt.Sprintf("c%d LIKE %%s ESCAPE '\\'", n), db.Like(f.Value))
		}
	}
	if q.GetState() != "" {
		where.and("state = %s", q.State)
	}
	return tabs, where
}

// terms notes what the searched keys of an entry are found by; a text that is known already costs one look-up.
func (a *applying) terms(ix index, keys [mostKeys]string) error {
	for i, text := range keys {
		if !ix.searched[i] || text == "" || a.termed[text] {
			continue
		}
		if a.termed == nil {
			a.termed = map[string]bool{}
		}
		a.termed[text] = true
		all := term.Of(text)
		var one int
		err := a.tx.Get(a.ctx, []any{&one}, "SELECT 1 FROM term WHERE term = $1 AND text = $2", all[len(all)-1], text)
		if err == nil {
			continue
		}
		if !errors.Is(err, db.ErrNoRow) {
			return err
		}
		for _, t := range all {
			if err := a.exec("INSERT INTO term (term, text) VALUES ($1, $2) ON CONFLICT DO NOTHING", t, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweep forgets the terms of texts that no list shows any more: whose record is gone is not to be found by his name.
const sweep = "DELETE FROM term WHERE text NOT IN (SELECT c0 FROM entry UNION SELECT c1 FROM entry UNION SELECT c2 FROM entry UNION SELECT c3 FROM entry)"
