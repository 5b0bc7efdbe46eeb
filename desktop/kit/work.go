package kit

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// longWork is the line of a page that shows work which takes a while: how far it is, and the button that stops it. It is seen only while there is
// some; one at a time.
type longWork struct {
	Content fyne.CanvasObject

	run    Runner
	bar    *widget.ProgressBarInfinite
	said   *widget.Label
	cancel context.CancelFunc
}

func newLongWork(run Runner) *longWork {
	w := &longWork{run: run, bar: widget.NewProgressBarInfinite(), said: widget.NewLabel("")}
	w.bar.Stop()
	w.Content = container.NewBorder(nil, nil, w.said, widget.NewButton("取消", w.Cancel), w.bar)
	w.Content.Hide()
	return w
}

// Busy reports whether there is work.
func (w *longWork) Busy() bool { return w.cancel != nil }

// Cancel stops the work at the next place where it can be stopped.
func (w *longWork) Cancel() {
	if w.cancel != nil {
		w.cancel()
	}
}

// Say says how far the work is; from any goroutine.
func (w *longWork) Say(text string) { fyne.Do(func() { w.said.SetText(text) }) }

// Begin does work beside the window, then goes on with then on it; stopped says that it was cancelled.
func (w *longWork) Begin(what string, do func(context.Context) error, then func(stopped bool, err error)) {
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	w.said.SetText(what)
	w.bar.Start()
	w.Content.Show()
	w.run(func() func() {
		err := do(ctx)
		return func() {
			stopped := ctx.Err() != nil
			cancel()
			w.cancel = nil
			w.bar.Stop()
			w.Content.Hide()
			then(stopped, err)
		}
	})
}
