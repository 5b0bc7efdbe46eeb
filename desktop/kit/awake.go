package kit

import (
	"time"

	"fyne.io/fyne/v2"
)

// Fyne (2.7) knows by a cache in which window an object stands, and drops what has not been looked up for a minute. Painting counts as looking up, but
// does not renew what is known already: after a paint at the wrong moment a window's whole content is dropped, every refresh of it reaches nothing, and
// the window shows for ever what it showed then. A receipt that arrives would not be seen. One paint of the whole window puts everything back.

// sleepsAtMost is how long a window may show something old if nothing but a click could have changed it; a paint costs a hundredth of that.
const sleepsAtMost = 5 * time.Second

// awake has every window painted once. It runs after whatever may have changed what they show.
func awake() {
	for _, w := range fyne.CurrentApp().Driver().AllWindows() {
		if c, ok := w.Canvas().(interface{ SetDirty() }); ok {
			c.SetDirty()
		}
	}
}

// ShowAndRun shows a window and runs the program until it is closed; until then its windows are painted from time to time too: what a click changes
// passes nothing of ours.
func ShowAndRun(w fyne.Window) {
	done := make(chan struct{})
	go func() {
		t := time.NewTicker(sleepsAtMost)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				fyne.Do(awake)
			case <-done:
				return
			}
		}
	}()
	w.ShowAndRun()
	close(done)
}
