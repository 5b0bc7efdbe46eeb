package kit

import (
	"fyne.io/fyne/v2"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
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
	Upload   func(path string) (*commonv1.Attachment, error)
	Drafts   Drafts
	Opinions Opinions
	Posts    func() // opens the configuration of the review posts; nil for who may not
	// Confirm asks before something that cannot be taken back; button names what is done.
	Confirm func(title, text, button string, yes func())
	// Ask shows something to fill in, in a window of its own.
	Ask func(title string, content fyne.CanvasObject, button string, do func())
	// Choose shows something that has to be decided, in a window of its own.
	Choose func(title string, content fyne.CanvasObject, choices ...Choice)
}

// A Choice is one way to decide.
type Choice struct {
	Title string
	Do    func()
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
