// Package portal is what anybody may read with a browser, without an account and without scripts: the published announcements (feature J3), with
// search and attachments. Pages are plain and small; a phone shows them as well as a desk.
package portal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	noticev1 "zhiping/proto/gen/zhiping/notice/v1"
	"zhiping/server/blob"
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

var china = time.FixedZone("+08:00", 8*60*60)

var functions = template.FuncMap{
	"label": func(k noticev1.Kind) string { return field.Label(k) },
	"date": func(ms int64) string {
		return time.UnixMilli(ms).In(china).Format(time.DateOnly)
	},
	"text": rendered,
	"size": size,
}

// New returns the portal.
func New(d *db.DB, store *blob.Store, log *slog.Logger) (*Portal, error) {
	style, err := files.ReadFile("style.css")
	if err != nil {
		return nil, err
	}
	address := "/style.css?v=" + digest(style)[:12] // another look has another address, so that browsers may keep this one
	pages, err := template.New("").Funcs(functions).Funcs(template.FuncMap{"style": func() string { return address }}).ParseFS(files, "*.html")
	return &Portal{d, store, log, pages}, err
}

// Register adds the portal's pages.
func (p *Portal) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/notices", http.StatusFound) })
	mux.HandleFunc("GET /notices", p.page(p.list))
	mux.HandleFunc("GET /notices/{id}", p.page(p.one))
	mux.HandleFunc("GET /notices/{id}/files/{sum}", p.page(p.file))
	mux.HandleFunc("GET /style.css", p.page(func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		http.ServeFileFS(w, r, files, "style.css")
		return nil
	}))
}

// page guards a page: nothing on it runs, nothing of another site is fetched for it, and what goes wrong is said without a program's words.
func (p *Portal) page(fn func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if err := fn(w, r); err != nil {
			p.problem(w, r, err)
		}
	}
}

// problem says what went wrong.
func (p *Portal) problem(w http.ResponseWriter, r *http.Request, err error) {
	status, text := http.StatusInternalServerError, "系统繁忙，请稍后再试。"
	switch f := fault.As(err); {
	case errors.Is(err, notice.ErrGone):
		status, text = http.StatusGone, "该公告已撤回，不再公开。如需了解，请联系发布单位。"
	case errors.Is(err, db.ErrNoRow), f != nil && f.Code == fault.NotFound:
		status, text = http.StatusNotFound, "页面不存在，请检查网址是否完整。"
	case f != nil:
		status, text = http.StatusBadRequest, f.Message
	case r.Context().Err() == nil:
		p.log.Error("portal", "path", r.URL.Path, "error", err)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := p.pages.ExecuteTemplate(w, "problem.html", text); err != nil {
		p.log.Error("portal", "error", err)
	}
}

// show writes a page, whole or not at all. A browser keeps it and asks each time whether it is still so: what is withdrawn is gone at once.
func (p *Portal) show(w http.ResponseWriter, r *http.Request, name string, data any) error {
	var b bytes.Buffer
	if err := p.pages.ExecuteTemplate(&b, name, data); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", `"`+digest(b.Bytes())[:32]+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b.Bytes()))
	return nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (p *Portal) published(ctx context.Context, id string) (n *noticev1.Notice, err error) {
	return n, p.db.Read(ctx, func(tx *db.Tx) error {
		n, err = read(ctx, tx, id)
		return err
	})
}

func (p *Portal) one(w http.ResponseWriter, r *http.Request) error {
	n, err := p.published(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.show(w, r, "notice.html", n)
}
