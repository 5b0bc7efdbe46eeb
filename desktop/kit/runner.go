// Package kit is the widget kit: the runner of slow work, list pages, detail pages with review, forms. Only here, in syncer and in room are
// goroutines started.
package kit

import "fyne.io/fyne/v2"

// A Runner does slow work beside the window: work runs elsewhere, what it returns runs on the window's goroutine.
type Runner func(work func() func())

// Background is the runner of the program.
func Background(work func() func()) {
	go func() {
		then := work()
		OnWindow(then)
	}()
}

// Inline does everything at once: the runner of tests.
func Inline(work func() func()) { work()() }

// OnWindow runs fn on the window's goroutine: what comes from elsewhere, such as the sync, goes through it.
func OnWindow(fn func()) {
	fyne.Do(func() {
		fn()
		awake()
	})
}
