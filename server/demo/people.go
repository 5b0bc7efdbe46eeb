package demo

import (
	"fmt"
	"math/rand/v2"

	"github.com/google/uuid"

	applicationv1 "zhiping/proto/gen/zhiping/application/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	expertv1 "zhiping/proto/gen/zhiping/expert/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/shared/idnum"
)

// fiction is what the demonstration invents: the same from the same seed. Every name is marked as invented and every ID number has an
// address code that is not assigned.
type fiction struct {
	random *rand.Rand
	serial int
	units  int
}

const unassigned = "519900" // no such address code in GB/T 2260

func newFiction(seed uint64) *fiction { return &fiction{random: rand.New(rand.NewPCG(seed, 2))} }

// id makes a record's id. Ids are random in the real thing; here too, because they say nothing.
func id() string { return uuid.Must(uuid.NewV7()).String() }

// rare are names that break programs that were never tried with them.
var rare = []string{"𠅤示例", "㑇示例", "䶮示例", "喆示例", "堃示例"}

var (
	family = []string{"赵", "钱", "孙", "李", "周", "吴", "郑", "王", "冯", "陈", "褚", "卫", "蒋", "沈", "韩", "杨", "朱", "秦", "尤", "许"}
	given  = []string{"子虚", "乌有", "亡是", "甲乙", "丙丁", "戊己", "庚辛", "壬癸", "初一", "十五"}
)

func (f *fiction) name() string {
	if f.serial%61 == 17 {
		return rare[f.serial/61%len(rare)]
	}
	return family[f.random.IntN(len(family))] + given[f.random.IntN(len(given))]
}

// number makes an ID number of somebody of a working age.
func (f *fiction) number() string {
	f.serial++
	first := fmt.Sprintf("%s%d%02d%02d%03d", unassigned, 1970+f.serial%25, 1+f.random.IntN(12), 1+f.random.IntN(28), f.serial%1000)
	return first + string(idnum.ResidentCheck(first))
}

func (f *fiction) unit(name string, kind commonv1.UnitKind) *unitv1.Unit {
	f.units++
	code := fmt.Sprintf("12%s%09d", unassigned, f.units)
	return &unitv1.Unit{
		Id: id(), Name: name + "（虚构）", CreditCode: code + string(idnum.CreditCheck(code)), Kind: kind, Division: "510100", Nature: "20",
		Contact: "联系人", Phone: "028-00000000", Address: "虚构市示例路1号",
	}
}

func handler(account string) *unitv1.NewStaff {
	return &unitv1.NewStaff{Password: firstPassword, Staff: &unitv1.Staff{Id: id(), UnitId: id(), Name: "经办人", Account: account, Phone: "13800000000"}}
}

var specialties = []string{"0501", "0502", "0503", "0504", "0505"}

// experts invents the pool: one in nine can chair.
func (f *fiction) experts(n int) []*expertv1.Expert {
	var all []*expertv1.Expert
	for i := range n {
		position := expertv1.Position_POSITION_MEMBER
		switch i % 9 {
		case 0:
			position = expertv1.Position_POSITION_CHAIR
		case 1:
			position = expertv1.Position_POSITION_DEPUTY
		}
		all = append(all, &expertv1.Expert{
			Name: f.name(), IdKind: "111", Number: f.number(), Ethnic: "01", Phone: fmt.Sprintf("139%08d", i), WorkUnit: fmt.Sprintf("虚构设计院第%d所", i%20+1),
			Duty: "总工程师", Series: "05", Title: "高级工程师", Level: "4", Specialty: specialties[i%len(specialties)], Position: position, TermFrom: "2026-01-01", TermUntil: "2028-12-31",
			Country: "CHN", Honours: "无", Occupation: "工程设计（虚构）", Education: "21", Degree: "4", TitleOn: "2015-12-01", DutyLevel: "13",
		})
	}
	return all
}

// applications invents n people of an employer with a few achievements each.
func (f *fiction) applications(n int) []*applicationv1.Application {
	var all []*applicationv1.Application
	for i := range n {
		a := &applicationv1.Application{
			Name: f.name(), IdKind: "111", Number: f.number(), Ethnic: "01", Phone: fmt.Sprintf("138%08d", f.serial), PresentTitle: "助理工程师", PresentTitleOn: "2020-09-01",
			Education: "21", School: "虚构大学", GraduatedOn: "2012-07-01", ServiceYears: int32(8 + f.random.IntN(20)), Series: "05", Level: "3",
			Specialty: specialties[f.random.IntN(len(specialties))], Title: "工程师", Method: "review",
		}
		for k := range 1 + i%3 {
			a.Achievements = append(a.Achievements, &applicationv1.Achievement{Kind: "主要工程项目", Title: fmt.Sprintf("示例工程第%d标段", k+1), Date: "2023-05-01", Role: "专业负责人"})
		}
		all = append(all, a)
	}
	return all
}
