package catalog_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"zhiping/shared/catalog"
	"zhiping/shared/fault"
)

// The table is one an office can read: from the day of posting, so many working days, to the last of them.
func TestWorkingDays(t *testing.T) {
	b, err := os.ReadFile("testdata/workdays.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, line := range strings.Split(string(b), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		lines++
		c := strings.Split(line, " | ")
		n := 0
		for _, digit := range c[1] {
			n = n*10 + int(digit-'0')
		}
		got, err := catalog.AddWorkingDays(c[0], n)
		if c[2] == "拒绝" {
			if fault.CodeOf(err) != fault.State && fault.CodeOf(err) != fault.Invalid {
				t.Errorf("%s + %d: %s, %v, want a refusal", c[0], n, got, err)
			}
		} else if err != nil || got != c[2] {
			t.Errorf("%s + %d: %s, want %s (%v)", c[0], n, got, c[2], err)
		}
	}
	if lines < 10 {
		t.Fatalf("%d lines", lines)
	}
}

// What the notices say of whole years: how many working days 2024, 2025 and 2026 have.
func TestYears(t *testing.T) {
	for year, want := range map[string]int{"2024": 251, "2025": 248, "2026": 248} {
		n := 0
		for date := year + "-01-01"; ; {
			ok, err := catalog.WorkingDay(date)
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				n++
			}
			if date == year+"-12-31" {
				break
			}
			date = next(t, date)
		}
		if n != want {
			t.Errorf("%s has %d working days, want %d", year, n, want)
		}
	}
}

func next(t *testing.T, date string) string {
	t.Helper()
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		t.Fatal(err)
	}
	return d.AddDate(0, 0, 1).Format(time.DateOnly)
}

const head = "date,kind,source\n"

// An administrator can add a year; one that stands in both tables is the administrator's.
func TestMoreYears(t *testing.T) {
	more, err := catalog.ReadCalendar(strings.NewReader(head + "2027-01-01,off,虚构的通知\n2027-01-03,work,虚构的通知\n2027-10-01,off,虚构的通知\n"))
	if err != nil {
		t.Fatal(err)
	}
	both := catalog.Shipped().With(more)
	if got, err := both.AddWorkingDays("2026-12-31", 2); err != nil || got != "2027-01-04" {
		t.Error(got, err)
	}
	if got, err := both.AddWorkingDays("2026-09-30", 1); err != nil || got != "2026-10-08" {
		t.Error(got, err)
	}
	if _, err := catalog.AddWorkingDays("2026-12-31", 2); fault.CodeOf(err) != fault.State {
		t.Error("the shipped calendar was changed")
	}
	other, err := catalog.ReadCalendar(strings.NewReader(head + "2026-01-01,off,虚构的通知\n2026-10-01,off,虚构的通知\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := both.With(other).AddWorkingDays("2026-09-30", 1); err != nil || got != "2026-10-02" {
		t.Error(got, err)
	}
}

func TestBadCalendars(t *testing.T) {
	for says, text := range map[string]string{
		"首行": "day,kind,source\n", "CSV": "", "2026-13-01": head + "2026-13-01,off,甲\n", "重复": head + "2026-01-01,off,甲\n2026-01-01,work,甲\n",
		"类别": head + "2026-01-01,free,甲\n", "来源": head + "2026-01-01,off,\n", "不完整": head + "2027-01-01,off,甲\n",
	} {
		if _, err := catalog.ReadCalendar(strings.NewReader(text)); fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), says) {
			t.Errorf("want %s, got %v", says, err)
		}
	}
}
