package portal

import (
	"cmp"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/fault"
)

// types are the kinds of files that are named as what they are; of others a browser only knows that they are files.
var types = map[string]string{
	".pdf": "application/pdf", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".zip": "application/zip", ".txt": "text/plain",
	".doc": "application/msword", ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xls": "application/vnd.ms-excel", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// file hands out an attachment that a published announcement names, and no other. It is saved, never shown within the site.
func (p *Portal) file(w http.ResponseWriter, r *http.Request) error {
	n, err := p.published(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	for _, a := range n.Attachments {
		if a.Sha256 == r.PathValue("sum") {
			return p.send(w, r, a)
		}
	}
	return fault.New(fault.NotFound, "附件不存在")
}

func (p *Portal) send(w http.ResponseWriter, r *http.Request, a *commonv1.Attachment) error {
	f, err := p.files.Open(a.Sha256)
	if err != nil {
		return fmt.Errorf("attachment %s: %w", a.Name, err)
	}
	defer f.Close()
	h := w.Header()
	h.Set("Content-Type", cmp.Or(types[strings.ToLower(path.Ext(a.Name))], "application/octet-stream"))
	h.Set("Content-Disposition", cmp.Or(mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}), "attachment"))
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", `"`+a.Sha256+`"`)
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}

// size is a file's size as people read it.
func size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KB", (n+1023)/1024)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}
