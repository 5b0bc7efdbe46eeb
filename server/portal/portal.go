// Package portal is what anybody may read with a browser, without an account and without scripts: the published announcements (feature J3), with
// search and attachments. Pages are plain and small; a phone shows them as well as a desk.
package portal

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	noticev1 "zhiping/proto/gen/zhiping/notice/v1"
	"zhiping/server/blob"
	"zhiping/server/feed"
	"zhiping/server/notice"
	"zhiping/shared/db"
	"zhiping/shared/fault"
	"zhiping/shared/field"
)

//go:embed *.html style.css
var files embed.FS

// A Portal answers the public pages.
type Portal struct {
	db    *db.DB
	files *blob.Store
	log   *slog.Logger
	pages *template.Template
}

// markdown renders what a unit wrote; HTML in it is shown as text, never run (goldmark leaves it out unless it is told otherwise).
var markdown = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify))

var china = time.FixedZone("+08:00", 8*60*60)

var functions = template.FuncMap{
	"label": func(k noticev1.Kind) string { return field.Label(k) },
	"date": func(ms int64) string {
		return time.UnixMilli(ms).In(china).Format(time.DateOnly)
	},
	"text": func(s string) (template.HTML, error) {
		var b bytes.Buffer
		err := markdown.Convert([]byte(s), &b)
		return template.HTML(b.String()), err //nolint:gosec // goldmark escapes what is not Markdown
	},
	"size": func(n int64) string { return fmt.Sprintf("%d KB", (n+1023)/1024) },
}

// New returns the portal.
func New(d *db.DB, store *blob.Store, log *slog.Logger) (*Portal, error) {
	pages, err := template.New("").Funcs(functions).ParseFS(files, "*.html")
	return &Portal{d, store, log, pages}, err
}

// Register adds the portal's pages.
func (p *Portal) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/notices", http.StatusFound) })
	mux.HandleFunc("GET /notices", p.page(p.list))
	mux.HandleFunc("GET /notices/{id}", p.page(p.one))
	mux.HandleFunc("GET /notices/{id}/files/{sum}", p.page(p.file))
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		http.ServeFileFS(w, r, files, "style.css")
	})
}

// page guards a page: nothing on it runs, and what goes wrong is said without a program's words.
func (p *Portal) page(fn func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		err := fn(w, r)
		if err == nil {
			return
		}
		status, text := http.StatusInternalServerError, "系统繁忙，请稍后再试"
		switch f := fault.As(err); {
		case errors.Is(err, db.ErrNoRow), f != nil && f.Code == fault.NotFound:
			status, text = http.StatusNotFound, "页面不存在，或公告已撤回"
		case f != nil:
			status, text = http.StatusBadRequest, f.Message
		case r.Context().Err() == nil:
			p.log.Error("portal", "path", r.URL.Path, "error", err)
		}
		w.WriteHeader(status)
		if err := p.pages.ExecuteTemplate(w, "problem.html", text); err != nil {
			p.log.Error("portal", "error", err)
		}
	}
}

// show writes a page; it is written whole or not at all.
func (p *Portal) show(w http.ResponseWriter, name string, data any) error {
	var b bytes.Buffer
	if err := p.pages.ExecuteTemplate(&b, name, data); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err := w.Write(b.Bytes())
	return err
}

// perPage is how many announcements stand on a page.
const perPage = 20

// listPage is what list.html shows.
type listPage struct {
	Kinds   []kindLink
	Kind    string
	Search  string
	Notices []*noticev1.Notice
	Total   int64
	Next    string // the address of the next page, "" for none
}

type kindLink struct {
	Title, Address string
	Here           bool
}

func (p *Portal) list(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	page := listPage{Kind: q.Get("kind"), Search: q.Get("q")}
	query := &commonv1.Query{Scope: "published", Size: perPage, Sort: "published_at", Descending: true, After: q.Get("after")}
	if _, err := strconv.Atoi(page.Kind); err != nil {
		page.Kind = ""
	}
	if page.Kind != "" {
		query.Filters = append(query.Filters, &commonv1.Filter{Column: "kind", Value: page.Kind})
	}
	if page.Search != "" {
		query.Filters = append(query.Filters, &commonv1.Filter{Column: "title", Value: page.Search})
	}
	err := p.db.Read(r.Context(), func(tx *db.Tx) error {
		rows, info, err := notice.Notices.Page(r.Context(), tx, "published", feed.Everybody, query)
		page.Notices, page.Total = rows, info.GetTotal()
		if info.GetNext() != "" {
			page.Next = "/notices?" + url.Values{"kind": {page.Kind}, "q": {page.Search}, "after": {info.Next}}.Encode()
		}
		return err
	})
	if err != nil {
		return err
	}
	page.Kinds = append(page.Kinds, kindLink{"全部", "/notices?" + url.Values{"q": {page.Search}}.Encode(), page.Kind == ""})
	for n := int32(1); n < int32(len(noticev1.Kind_name)); n++ {
		value := strconv.Itoa(int(n))
		page.Kinds = append(page.Kinds, kindLink{field.Label(noticev1.Kind(n)), "/notices?" + url.Values{"kind": {value}, "q": {page.Search}}.Encode(), page.Kind == value})
	}
	return p.show(w, "list.html", page)
}

func (p *Portal) published(ctx context.Context, id string) (n *noticev1.Notice, err error) {
	return n, p.db.Read(ctx, func(tx *db.Tx) error {
		n, err = notice.Published(ctx, tx, id)
		return err
	})
}

func (p *Portal) one(w http.ResponseWriter, r *http.Request) error {
	n, err := p.published(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.show(w, "notice.html", n)
}

// file hands out an attachment that a published announcement names, and no other.
func (p *Portal) file(w http.ResponseWriter, r *http.Request) error {
	n, err := p.published(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	for _, a := range n.Attachments {
		if a.Sha256 != r.PathValue("sum") {
			continue
		}
		size, err := p.files.Size(a.Sha256)
		if err != nil {
			return fault.New(fault.NotFound, "附件不存在")
		}
		b, _, err := p.files.Read(a.Sha256, 0, size)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(a.Name))
		http.ServeContent(w, r, "", time.UnixMilli(n.PublishedAt), bytes.NewReader(b))
		return nil
	}
	return fault.New(fault.NotFound, "附件不存在")
}
