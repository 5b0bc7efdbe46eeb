package catalog

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"zhiping/assets"
	"zhiping/shared/fault"
)

// A Calendar holds the days that differ from Monday to Friday, by the State Council's yearly notices.
type Calendar struct {
	days  map[string]bool // civil date: true is a working day, false a day off
	years map[int]bool    // those that have a table
}

// Shipped is the calendar that the program comes with.
var Shipped = sync.OnceValue(func() *Calendar {
	f, err := assets.Rules.Open("rules/holidays.csv")
	if err != nil {
		panic(err)
	}
	defer f.Close()
	c, err := ReadCalendar(f)
	if err != nil {
		panic(fmt.Sprintf("catalog: holidays: %v", err))
	}
	return c
})

// ReadCalendar reads a table with the columns date (yyyy-mm-dd), kind (off or work) and source (the notice), so that an administrator can add
// a year. A table says all of a year or nothing: one without New Year's Day and National Day is refused, and so is a day twice.
func ReadCalendar(in io.Reader) (*Calendar, error) {
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil || len(rows) == 0 || !slices.Equal(rows[0], []string{"date", "kind", "source"}) {
		return nil, fault.New(fault.Invalid, "节假日表须为CSV格式，首行为date,kind,source，请核对")
	}
	c := &Calendar{days: map[string]bool{}, years: map[int]bool{}}
	for i, r := range rows[1:] {
		d, err := time.Parse(time.DateOnly, r[0])
		_, twice := c.days[r[0]]
		switch {
		case err != nil:
			return nil, fault.New(fault.Invalid, "节假日表第%d行的日期“%s”无效，应写作2026-01-01", i+2, r[0])
		case twice:
			return nil, fault.New(fault.Invalid, "节假日表第%d行的日期%s重复", i+2, r[0])
		case r[1] != "off" && r[1] != "work":
			return nil, fault.New(fault.Invalid, "节假日表第%d行的类别“%s”无效，放假填off，调休上班填work", i+2, r[1])
		case r[2] == "":
			return nil, fault.New(fault.Invalid, "节假日表第%d行没有注明来源文件", i+2)
		}
		c.days[r[0]] = r[1] == "work"
		c.years[d.Year()] = true
	}
	for year := range c.years {
		for _, feast := range []string{"01-01", "10-01"} {
			if work, named := c.days[fmt.Sprintf("%04d-%s", year, feast)]; work || !named {
				return nil, fault.New(fault.Invalid, "节假日表中%d年的安排不完整，缺少元旦或国庆节", year)
			}
		}
	}
	return c, nil
}

// With returns a calendar that has the years of both; of a year that stands in both, more's.
func (c *Calendar) With(more *Calendar) *Calendar {
	all := &Calendar{days: map[string]bool{}, years: maps.Clone(c.years)}
	for date, work := range c.days {
		d, err := time.Parse(time.DateOnly, date)
		if err == nil && !more.years[d.Year()] {
			all.days[date] = work
		}
	}
	maps.Copy(all.days, more.days)
	maps.Copy(all.years, more.years)
	return all
}

// WorkingDay reports whether a civil date is a working day. A year without a table is refused, not guessed.
func (c *Calendar) WorkingDay(date string) (bool, error) {
	d, err := civil(date)
	if err != nil {
		return false, err
	}
	return c.working(d)
}

func (c *Calendar) working(d time.Time) (bool, error) {
	if !c.years[d.Year()] {
		return false, fault.New(fault.State, "没有%d年的节假日安排，无法计算工作日，请联系管理员更新节假日表", d.Year())
	}
	if work, named := c.days[d.Format(time.DateOnly)]; named {
		return work, nil
	}
	return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday, nil
}

// AddWorkingDays returns the nth working day after a civil date; the day itself, that of the posting, is not counted (rules.md, section 4).
func (c *Calendar) AddWorkingDays(date string, n int) (string, error) {
	d, err := civil(date)
	if err != nil {
		return "", err
	}
	for n > 0 {
		d = d.AddDate(0, 0, 1)
		ok, err := c.working(d)
		if err != nil {
			return "", err
		}
		if ok {
			n--
		}
	}
	return d.Format(time.DateOnly), nil
}

func civil(date string) (time.Time, error) {
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return d, fault.New(fault.Invalid, "日期“%s”无效，应写作2026-01-01", date)
	}
	return d, nil
}

// WorkingDay is that of the shipped calendar.
func WorkingDay(date string) (bool, error) { return Shipped().WorkingDay(date) }

// AddWorkingDays is that of the shipped calendar.
func AddWorkingDays(date string, n int) (string, error) { return Shipped().AddWorkingDays(date, n) }
