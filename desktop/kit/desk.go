package kit

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"zhiping/desktop/imports"
	"zhiping/desktop/outbox"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	exportv1 "zhiping/proto/gen/zhiping/export/v1"
	"zhiping/shared/review"
)

// A Desk is what every page needs of the program around it: who sits here, and how slow work, files and messages go.
type Desk struct {
	By    review.Actor
	Run   Runner
	Files Files
	Say   func(text string) // that something has been done
	Fail  func(err error)   // what went wrong; nothing for nil
	// Fetch gets an attachment of a record and opens it in the system's program.
	Fetch func(a *commonv1.Attachment, kind, id string)
	// Upload sends a file and gives what names it.
	Upload func(path string) (*commonv1.Attachment, error)
	Drafts Drafts
	// Box keeps imports; Judge reads what became of their parts.
	Box      *outbox.Outbox
	Judge    imports.Judge
	Opinions Opinions
	Posts    func() // opens the configuration of the review posts; nil for who may not
	// MayExportWhole reports whether the person may export numbers whole; Record puts an export on record, and without that none is written.
	MayExportWhole func() bool
	Record         func(ctx context.Context, e *exportv1.Export) error
	// Show opens a file in the system's program.
	Show func(path string)
	// Confirm asks before something that cannot be taken back; button names what is done.
	Confirm func(title, text, button string, yes func())
	// Ask shows something to fill in, in a window of its own.
	Ask func(title string, content fyne.CanvasObject, button string, do func())
	// Online reports whether the server can be reached now; nil is always.
	Online func() bool
	// Choose shows something that has to be decided, in a window of its own.
	Choose func(title string, content fyne.CanvasObject, choices ...Choice)
}

// A Choice is one way to decide; without Do it is the way to leave everything as it is.
type Choice struct {
	Title string
	Do    func()
}

// Away reports whether the server cannot be reached.
func (d *Desk) Away() bool { return d.Online != nil && !d.Online() }

// NeedsServer brings a button up to date that works only with the server: without it, it says so.
func (d *Desk) NeedsServer(b *widget.Button, title string) { needsServer(b, title, d.Away(), true) }

// needsServer names and enables a button; away says that the server cannot be reached.
func needsServer(b *widget.Button, title string, away, on bool) {
	if away {
		title += "（需联网）"
	}
	b.SetText(title)
	enable(b, on && !away)
}

// Do runs a call beside the window, says what went wrong, or goes on with then.
func (d *Desk) Do(call func() error, then func()) {
	d.Run(func() func() {
		err := call()
		return func() {
			if err != nil {
				d.Fail(err)
				return
			}
			then()
		}
	})
}

// Submit is Do for forms: what is wrong with their fields is shown under them, the rest is said.
func (d *Desk) Submit(call func() error, then func(), forms ...*Form) {
	d.Run(func() func() {
		err := call()
		return func() {
			if err == nil {
				then()
				return
			}
			for _, f := range forms {
				err = f.Show(err)
			}
			d.Fail(err)
		}
	})
}

// Opener is what opens the attachments of a record.
func (d *Desk) Opener(kind, id string) func(*commonv1.Attachment) {
	return func(a *commonv1.Attachment) { d.Fetch(a, kind, id) }
}

// attachable are the endings of files that can be attached: what reviewing units can open.
var attachable = []string{".pdf", ".jpg", ".jpeg", ".png", ".doc", ".docx", ".xls", ".xlsx", ".zip", ".txt"}

// Attach is what a form asks for files with: it lets the person choose one and sends it.
func (d *Desk) Attach(_ string, then func(*commonv1.Attachment)) {
	d.Files.Open(attachable, func(path string) {
		var a *commonv1.Attachment
		d.Do(func() (err error) {
			a, err = d.Upload(path)
			return err
		}, func() { then(a) })
	})
}
