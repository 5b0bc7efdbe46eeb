package clock_test

import (
	"net/http"
	"testing"
	"time"

	"zhiping/desktop/clock"
)

func TestLearn(t *testing.T) {
	off := func() time.Duration { return time.Until(clock.Now()).Round(time.Minute) }
	if off() != 0 {
		t.Fatal("begins off by", off())
	}
	for _, by := range []time.Duration{-170 * 24 * time.Hour, 3 * time.Hour} {
		at := time.Now().Add(by)
		clock.Learn(at.UTC().Format(http.TimeFormat))
		if off() != by {
			t.Error(by, "was learnt as", off())
		}
		if want := at.In(time.FixedZone("", 8*60*60)).Format(time.DateOnly); clock.Today() != want {
			t.Error(clock.Today(), "want", want)
		}
	}
	clock.Learn("")
	clock.Learn("2026-03-02")
	if off() != 3*time.Hour {
		t.Error("what is no date was learnt:", off())
	}
	clock.Learn(time.Now().Add(-40 * time.Second).UTC().Format(http.TimeFormat))
	if off() != 0 {
		t.Error("a slow answer puts the clock off by", off())
	}
}
