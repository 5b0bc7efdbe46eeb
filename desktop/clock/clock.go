// Package clock tells the time by the server's clock. A clerk's machine may be off by days; what is due, retired or expired is to look the same on
// every desk as the server decides it. Without a server it is this machine's own clock, off by as much as was last learnt.
package clock

import (
	"net/http"
	"sync/atomic"
	"time"
)

// near is how far off a machine may be without being put right: an answer names whole seconds, and is under way for a while.
const near = time.Minute

var ahead atomic.Int64 // how far the server is ahead of this machine, nanoseconds

// Learn notes the server's time from the Date of an answer (RFC 9110, 6.6.1); what is no date teaches nothing.
func Learn(date string) {
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	off := time.Until(at)
	if off.Abs() < near {
		off = 0
	}
	ahead.Store(int64(off))
}

// Now is the time at the server.
func Now() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }

var china = time.FixedZone("+08:00", 8*60*60)

// Today is the civil date at the server, at +08:00, written YYYY-MM-DD.
func Today() string { return Now().In(china).Format(time.DateOnly) }
