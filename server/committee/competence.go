package committee

import (
	"context"
	"slices"
	"strings"

	committeev1 "zhiping/proto/gen/zhiping/committee/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/server/command"
	"zhiping/server/record"
	"zhiping/server/session"
	"zhiping/server/unit"
	rules "zhiping/shared/committee"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

type (
	competence = *committeev1.Competence
	area       = *committeev1.AreaCommittee
)

// Competences are the records of the competent-department map (A10): everybody sees them, so that a unit's mirror has the map that holds
// for it.
var Competences = record.Define(&record.Kind[competence]{
	Name: "competence",
	New:  func() competence { return &committeev1.Competence{} },
	Columns: []record.Column[competence]{
		{Name: "unit_id", Value: func(x competence) any { return x.UnitId }},
		{Name: "committee_id", Value: func(x competence) any { return x.CommitteeId }},
	},
	Scopes:  []record.Scope{{Name: "own", Column: "unit_id"}},
	Viewers: func(x competence) []string { return []string{session.Viewer(x.UnitId)} },
	Open:    func(competence) bool { return true },
})

// A CompetenceService implements committeev1connect.CompetenceServiceHandler.
type CompetenceService struct{ run *command.Runner }

// NewCompetence returns the service.
func NewCompetence(run *command.Runner) *CompetenceService { return &CompetenceService{run: run} }

// SetDepartments implements the RPC (A10).
func (s *CompetenceService) SetDepartments(ctx context.Context, r *committeev1.SetDepartmentsRequest) (*committeev1.SetDepartmentsResponse, error) {
	return command.Run(ctx, s.run, r, func(tx *command.Tx) (*committeev1.SetDepartmentsResponse, error) {
		outcomes, err := command.Each(ctx, tx, r.Competences, competence.GetId, func(from competence) error { return set(ctx, tx, from) })
		return &committeev1.SetDepartmentsResponse{Outcomes: outcomes}, err
	})
}

// set writes an entry of the caller's unit. Another one of the unit for the same committee is a Conflict, by the unique index.
func set(ctx context.Context, tx *command.Tx, from competence) error {
	own := tx.Caller.Unit
	if from.Revision > 0 {
		old, err := Competences.SeeAt(ctx, tx, from.Id, from.Revision)
		if err != nil {
			return err
		}
		if old.UnitId != own.Id || old.CommitteeId != from.CommitteeId {
			return fault.New(fault.NotFound, "记录不存在或不是本单位的设置，请刷新列表").At("competences.id")
		}
	}
	c, err := Committees.Find(ctx, tx.Tx, from.CommitteeId)
	if err != nil {
		return err
	}
	forming, err := unit.Units.Find(ctx, tx.Tx, c.UnitId)
	if err != nil {
		return err
	}
	if err := rules.CheckCovered(c, rules.Covers(c, forming.Division, own.Division, chain(tx.Caller))); err != nil {
		return err
	}
	x := &committeev1.Competence{
		Id: from.Id, Revision: from.Revision, UnitId: own.Id, UnitName: own.Name, CommitteeId: c.Id, CommitteeName: c.Name, FormingName: c.UnitName, Series: c.Series, Levels: c.Levels,
	}
	if from.DepartmentId != "" {
		d, ok, err := receives(ctx, tx.Tx, own.Id, from.DepartmentId)
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.Invalid, "主管部门须是本单位，或本单位之下已授权的主管部门、人社部门，请重新选择").At("competences.department_id")
		}
		x.DepartmentId, x.DepartmentName = d.Id, d.Name
	}
	return Competences.Put(ctx, tx, x)
}

// chain are the caller's unit and its superiors, the nearest first.
func chain(c *session.Caller) []string { return append([]string{c.Unit.Id}, c.Superiors...) }

var entriesOf = db.SQL("SELECT body FROM competence WHERE unit_id = $1")

// entries are what the units of a chain have set.
func entries(ctx context.Context, tx *db.Tx, chain []string) ([]competence, error) {
	var all []competence
	for _, id := range chain {
		if err := tx.Query(ctx, func(scan func(...any) error) error {
			var body []byte
			if err := scan(&body); err != nil {
				return err
			}
			x, err := Competences.Decode(body)
			all = append(all, x)
			return err
		}, entriesOf, id); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Every filed committee is looked at: a province has some hundreds, and whom one reviews stands in its message.
var filed = db.SQL("SELECT c.body, u.division FROM committee c JOIN unit u ON u.id = c.unit_id WHERE c.state <> 'DRAFT' ORDER BY c.series, c.name, c.id")

// covering are the committees that cover the caller's area, those of the province first, then the city's, then the county's.
func covering(ctx context.Context, tx *db.Tx, c *session.Caller, today string) ([]area, error) {
	own, divisions := chain(c), rules.Area(c.Unit.Division)
	levels := make([][]area, len(divisions)+1)
	err := tx.Query(ctx, func(scan func(...any) error) error {
		var body []byte
		var division string
		if err := scan(&body, &division); err != nil {
			return err
		}
		x, err := Committees.Decode(body)
		if err != nil || x.FiledOn == "" || !rules.Covers(x, division, c.Unit.Division, own) {
			return err
		}
		at := slices.Index(divisions, division) + 1 // 0: formed elsewhere
		levels[at] = append(levels[at], &committeev1.AreaCommittee{
			Id: x.Id, Name: x.Name, Series: x.Series, Levels: x.Levels, FormingName: x.UnitName, ValidUntil: x.ValidUntil, Expired: rules.CheckValid(x, today) != nil,
		})
		return nil
	}, filed)
	slices.Reverse(levels)
	return slices.Concat(levels...), err
}

// ListAreaCommittees implements the RPC (A10).
func (s *CompetenceService) ListAreaCommittees(ctx context.Context, r *committeev1.ListAreaCommitteesRequest) (*committeev1.ListAreaCommitteesResponse, error) {
	resp := &committeev1.ListAreaCommitteesResponse{}
	return resp, s.run.DB.Read(ctx, func(tx *db.Tx) error {
		c := session.Of(ctx)
		all, err := covering(ctx, tx, c, s.run.Today())
		if err != nil {
			return err
		}
		set, err := entries(ctx, tx, chain(c))
		if err != nil {
			return err
		}
		check := checked(ctx, tx)
		for _, x := range all {
			if err := mapped(x, set, chain(c), check); err != nil {
				return err
			}
		}
		resp.Committees, resp.Page, err = rules.Map.Of(all, r.Query)
		return err
	})
}

// mapped adds to a committee what the map says about it.
func mapped(x area, set []competence, chain []string, check func(competence) (bool, error)) (err error) {
	for _, e := range set {
		if e.UnitId == chain[0] && e.CommitteeId == x.Id {
			x.Own = e
		}
	}
	x.Holds, err = rules.OfNearest(set, x.Id, chain, func(e competence) (bool, error) {
		ok, err := check(e)
		if !ok && x.Lost == nil {
			x.Lost = e
		}
		return ok, err
	})
	return err
}

// ListDepartments implements the RPC (A10).
func (s *CompetenceService) ListDepartments(ctx context.Context, r *committeev1.ListDepartmentsRequest) (*committeev1.ListDepartmentsResponse, error) {
	resp := &committeev1.ListDepartmentsResponse{}
	own := session.Of(ctx).Unit
	if strings.Contains(own.Name, r.Name) {
		resp.Departments = append(resp.Departments, &committeev1.Department{Id: own.Id, Name: own.Name, Kind: own.Kind})
	}
	return resp, s.run.DB.Read(ctx, func(tx *db.Tx) error {
		return unit.Departments(ctx, tx, own.Id, r.Name, func(id, name string, kind commonv1.UnitKind) {
			resp.Departments = append(resp.Departments, &committeev1.Department{Id: id, Name: name, Kind: kind})
		})
	})
}
