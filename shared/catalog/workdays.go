package catalog

import (
	"encoding/csv"
	"fmt"
	"sync"
	"time"

	"zhiping/assets"
	"zhiping/shared/fault"
)

// calendar holds the days that differ from Monday to Friday, and the years that have a table.
type calendar struct {
	off, work map[string]bool
	years     map[int]bool
}

var holidays = sync.OnceValue(func() *calendar {
	c := &calendar{off: map[string]bool{}, work: map[string]bool{}, years: map[int]bool{}}
	f, err := assets.Rules.Open("rules/holidays.csv")
	if err != nil {
		panic(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("catalog: holidays: %v", err))
	}
	for _, r := range rows[1:] {
		d, err := time.Parse(time.DateOnly, r[0])
		if err != nil {
			panic(fmt.Sprintf("catalog: holidays: %v", err))
		}
		c.years[d.Year()] = true
		c.off[r[0]] = r[1] == "off"
		c.work[r[0]] = r[1] == "work"
	}
	return c
})

// WorkingDay reports whether a civil date is a working day by the State Council's yearly table. A year without a table is refused, not guessed.
func WorkingDay(date string) (bool, error) {
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return false, fault.New(fault.Invalid, "“%s”不是有效的日期", date)
	}
	c := holidays()
	switch {
	case !c.years[d.Year()]:
		return false, fault.New(fault.State, "没有%d年的节假日安排，无法计算工作日，请联系管理员更新节假日表", d.Year())
	case c.off[date]:
		return false, nil
	case c.work[date]:
		return true, nil
	}
	return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday, nil
}

// AddWorkingDays returns the nth working day after a civil date; the day itself is not counted.
func AddWorkingDays(date string, n int) (string, error) {
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return "", fault.New(fault.Invalid, "“%s”不是有效的日期", date)
	}
	for n > 0 {
		d = d.AddDate(0, 0, 1)
		ok, err := WorkingDay(d.Format(time.DateOnly))
		if err != nil {
			return "", err
		}
		if ok {
			n--
		}
	}
	return d.Format(time.DateOnly), nil
}
