package portal

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	noticev1 "zhiping/proto/gen/zhiping/notice/v1"
	"zhiping/server/feed"
	"zhiping/server/notice"
	"zhiping/shared/db"
	"zhiping/shared/field"
)

// perPage is how many announcements stand on a page.
const perPage = 20

// What is searched for: so many words, each to be found in the title, out of a text of so many characters.
const (
	mostWords  = 5
	mostSearch = 50
)

// A question is what the address of a list asks for.
type question struct {
	kind   noticev1.Kind // 0 is all
	search string
	after  string
}

// asked reads an address; what makes no sense in it is left out.
func asked(q url.Values) question {
	a := question{after: q.Get("after")}
	if n, err := strconv.ParseInt(q.Get("kind"), 10, 32); err == nil && n > 0 && noticev1.Kind_name[int32(n)] != "" {
		a.kind = noticev1.Kind(n)
	}
	search := []rune(strings.Join(strings.Fields(strings.ReplaceAll(strings.ToValidUTF8(q.Get("q"), ""), "\x00", "")), " "))
	a.search = string(search[:min(len(search), mostSearch)])
	return a
}

// address is that of a list.
func (a question) address() string {
	v := url.Values{}
	if a.kind != 0 {
		v.Set("kind", strconv.Itoa(int(a.kind)))
	}
	if a.search != "" {
		v.Set("q", a.search)
	}
	if a.after != "" {
		v.Set("after", a.after)
	}
	if len(v) == 0 {
		return "/notices"
	}
	return "/notices?" + v.Encode()
}

func (a question) query() *commonv1.Query {
	q := &commonv1.Query{Size: perPage, Sort: "published_at", Descending: true, After: a.after}
	if a.kind != 0 {
		q.Filters = append(q.Filters, &commonv1.Filter{Column: "kind", Value: strconv.Itoa(int(a.kind))})
	}
	words := strings.Fields(a.search)
	for _, word := range words[:min(len(words), mostWords)] {
		q.Filters = append(q.Filters, &commonv1.Filter{Column: "title", Value: word})
	}
	return q
}

// listPage is what list.html shows.
type listPage struct {
	Title       string
	Kinds       []kindLink
	Kind        int32 // 0 for all
	Search      string
	Notices     []*noticev1.Notice
	Total       int64
	First, Next string // addresses of the first and the next page, "" for none
}

type kindLink struct {
	Title, Address string
	Here           bool
}

func (p *Portal) list(w http.ResponseWriter, r *http.Request) error {
	a := asked(r.URL.Query())
	var page *listPage
	if err := p.db.Read(r.Context(), func(tx *db.Tx) (err error) {
		page, err = listed(r.Context(), tx, a)
		return err
	}); err != nil {
		return err
	}
	return p.show(w, r, "list.html", page)
}

// listed reads a list, in two statements.
func listed(ctx context.Context, tx *db.Tx, a question) (*listPage, error) {
	rows, info, err := notice.Notices.Part(ctx, tx, "published", feed.Everybody, a.query())
	if err != nil {
		return nil, err
	}
	page := &listPage{Title: "全部公告", Kind: int32(a.kind), Search: a.search, Notices: rows, Total: info.Total}
	for n := range int32(len(noticev1.Kind_name)) {
		k := kindLink{"全部", question{search: a.search, kind: noticev1.Kind(n)}.address(), noticev1.Kind(n) == a.kind}
		if n > 0 {
			k.Title = field.Label(noticev1.Kind(n))
		}
		if k.Here && n > 0 {
			page.Title = k.Title
		}
		page.Kinds = append(page.Kinds, k)
	}
	if a.search != "" {
		page.Title += "：“" + a.search + "”的查找结果"
	}
	if a.after != "" {
		page.First = question{kind: a.kind, search: a.search}.address()
	}
	if info.Next != "" {
		page.Next = question{kind: a.kind, search: a.search, after: info.Next}.address()
	}
	return page, nil
}

// read reads one published announcement, in one statement.
func read(ctx context.Context, tx *db.Tx, id string) (*noticev1.Notice, error) {
	if uuid.Validate(id) != nil {
		return nil, db.ErrNoRow
	}
	return notice.Published(ctx, tx, id)
}
