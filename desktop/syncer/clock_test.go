package syncer

import (
	"testing"
	"time"

	"zhiping/desktop/clock"
	"zhiping/server/servertest"
)

// What is due is judged by the server's clock, which every answer carries: this machine's may be off by years.
func TestServersClock(t *testing.T) {
	h := servertest.Start(t, "")
	h.Settle("topadmin")
	for _, by := range []time.Duration{0, 400 * 24 * time.Hour} {
		h.Advance(by)
		if err := Dial(h.URL, "").SignIn(ctx, "topadmin", servertest.Password); err != nil {
			t.Fatal(err)
		}
		if off := clock.Now().Sub(h.Now()); off.Abs() > time.Minute {
			t.Error("off by", off)
		}
	}
}
