package kit

import (
	"context"
	"errors"

	"zhiping/desktop/imports"
	"zhiping/desktop/outbox"
)

// Resume goes on with the imports that were cut off, beside the window and one after the other: each by the resumer of its template. told hears what
// became of each that is through, then runs on the window at the end. What cannot go on now stays where it is, on its import page.
func Resume(d *Desk, by map[string]func(context.Context, *outbox.Import) (imports.Outcome, error), told func(*outbox.Import, imports.Outcome), then func()) {
	d.Run(func() func() {
		ctx := context.Background()
		waiting, err := d.Box.Unfinished(ctx)
		for _, i := range waiting {
			resume := by[i.Template]
			if resume == nil {
				continue
			}
			out, bad := resume(ctx, i)
			if err = errors.Join(err, bad); bad == nil {
				told(i, out)
			}
		}
		return func() {
			d.Fail(err)
			then()
		}
	})
}
