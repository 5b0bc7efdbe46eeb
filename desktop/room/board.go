package room

import (
	"maps"
	"slices"

	"zhiping/shared/ballot"
	"zhiping/shared/meeting"
	"zhiping/shared/room"
)

// A Board is what staff's screen shows of a session at one moment: who is there, where each round stands, and what comes next.
type Board struct {
	Title, Session, Place string
	Rehearsal             bool
	Size, Epoch           int64
	Root                  string // short form, as on the paper sheet
	Behind                string // why nothing is taken, "" for nothing
	Sequencer             string // who writes the log
	Mine                  bool   // it is this laptop
	Remote                bool   // it is the central server, which takes what is done here
	Derive                bool   // the people of the second round have yet to be derived
	Archived              bool
	Released              string // why the server ended this hub's lease
	Experts               []ExpertRow
	Rounds                []RoundRow
	Rejections            []ballot.Rejection
	Alarms                []string
	Quarantined, Late     int
	Pending               []PendingRow
}

// An ExpertRow is an expert of the panel.
type ExpertRow struct {
	ID, Name, Group string
	Status          string // PRESENT, ABSENT, LEFT, RECUSED or empty
	Reason          string // of a status other than present
	Device, Code    string
	CheckedIn       bool
	Revoked, Wiped  bool
}

// A RoundRow is where a round stands.
type RoundRow struct {
	ID                                               string
	Spec                                             *ballot.Round
	State                                            string
	Present, Submitted, Returned, Requested, Missing []string          // experts; Missing have no ballot that counts
	Wishes                                           map[string]string // why experts ask for their ballots back, by expert
	Base, Need                                       int64             // of a round that has not opened: the panel, and how many must be there
	Exceptions                                       []ballot.Exception
	Openers                                          []string // custodians who have signed the opening
	Pair                                             string
	Tally                                            *ballot.Tally
	Attested, Mismatches                             int64
	Sheet                                            *ballot.Sheet
	Repeats, Next                                    string // the void round it is held for, and the round that is held in its place
}

// A PendingRow is a check-in that waits for staff.
type PendingRow struct {
	Expert, Name, Device string
	Known                bool // this laptop knows the expert's code
	Right                bool // and it is the one he typed
	Object               []byte
}

// Board draws the session as it stands.
func (d *Desk) Board() (*Board, error) {
	b := &Board{}
	copied, alarm := d.trouble.get()
	behind := d.room.Session.Behind()
	b.Mine, b.Remote = d.room.Session.Sequencer(), d.remote != nil
	d.View(func(s *ballot.State) {
		p := s.Package
		b.Title, b.Session, b.Place, b.Rehearsal = p.Title, p.Session, p.Place, p.Rehearsal
		b.Size, b.Epoch = s.Size(), s.Epoch
		root, _ := s.RootAt(b.Size)
		b.Root = ShortRoot(root[:])
		b.Sequencer = d.sequencer(s, b.Mine)
		b.Derive = len(p.Depends) > 0 && s.Derived == nil
		if b.Archived = s.Archived != nil; s.Release != nil {
			b.Released = s.Release.Reason
		}
		for _, e := range p.Experts {
			b.Experts = append(b.Experts, d.expertRow(s, e))
		}
		for _, id := range s.Order {
			b.Rounds = append(b.Rounds, roundRow(s, id))
		}
		b.Rejections, b.Quarantined = slices.Clone(s.Rejections), len(s.Quarantined)
		b.Alarms = slices.Clone(s.Alarms)
	})
	if alarm != "" {
		b.Alarms = append(b.Alarms, alarm)
	}
	switch {
	case behind != nil:
		b.Behind = behind.Error()
	case !b.Mine && copied != "":
		b.Behind = "本机的副本未能更新：" + copied
	}
	late, err := d.shelf.kept(lateFolder)
	if err != nil {
		return nil, err
	}
	b.Late = len(late)
	b.Alarms = append(b.Alarms, d.strangers()...)
	lacking := d.lacking()
	for _, id := range slices.Sorted(maps.Keys(lacking)) {
		b.Alarms = append(b.Alarms, "本机缺少轮次"+id+"的计票栏：请从主机的副本导入，或由两名保管人重新开票")
	}
	b.Pending = d.pending()
	return b, nil
}

// ShortRoot is a root's short form of four times four digits, the same as on the paper sheet: people compare the two.
func ShortRoot(root []byte) string { return meeting.Short(root) }

func (d *Desk) sequencer(s *ballot.State, mine bool) string {
	switch {
	case mine:
		return "本机"
	case d.remote != nil:
		return "中心服务器"
	case s.Hub == s.Package.Hub:
		return "主机（本机为备用）"
	default:
		return "备用主机（本机已停用）"
	}
}

func (d *Desk) expertRow(s *ballot.State, e ballot.Expert) ExpertRow {
	row := ExpertRow{ID: e.ID, Name: e.Name, Group: e.Group, Status: s.Status[e.ID], Reason: s.Reasons[e.ID], Device: s.Devices[e.ID], Wiped: s.Wiped[e.ID]}
	row.CheckedIn = s.Credentials[e.ID] != ""
	row.Revoked = !row.CheckedIn && row.Device != ""
	row.Code, _ = d.Code(e.ID)
	return row
}

func roundRow(s *ballot.State, id string) RoundRow {
	r := s.Rounds[id]
	x := RoundRow{ID: id, Spec: s.Package.Round(id), State: r.State, Present: slices.Clone(r.Present), Pair: r.Pair, Tally: r.Tally, Sheet: s.Reconcile(id), Repeats: r.Repeats, Wishes: map[string]string{}}
	if x.Base = int64(len(r.Present)); r.State == ballot.RoundReady {
		x.Present, x.Base = s.Present(), s.Package.Panel
	}
	x.Need = s.Need(x.Base)
	for _, e := range s.Package.Experts {
		_, returned := r.Returned[e.ID]
		mine := s.InForce(id, e.ID)
		switch {
		case returned:
			x.Returned = append(x.Returned, e.ID)
		case mine != nil:
			x.Submitted = append(x.Submitted, e.ID)
			if r.State == ballot.RoundOpen && s.RequestFor(ballot.IDOf(mine.Raw)) != "" {
				x.Requested = append(x.Requested, e.ID)
				x.Wishes[e.ID] = s.RequestReason(ballot.IDOf(mine.Raw))
			}
		}
		if mine == nil && slices.Contains(r.Present, e.ID) {
			x.Missing = append(x.Missing, e.ID)
		}
	}
	if r.State == ballot.RoundOpen {
		x.Exceptions = s.Exceptions(id)
	}
	for _, c := range s.Package.Custodians {
		if slices.Contains(r.Openers, c.ID) {
			x.Openers = append(x.Openers, c.Name)
		}
	}
	for _, a := range r.Attests {
		if x.Attested++; a.Mismatches > 0 {
			x.Mismatches++
		}
	}
	if r.Void != nil {
		x.Next = r.Void.Next
	}
	return x
}

// strangers are alarms for checkpoints of this epoch that laptops hold and this log never had.
func (d *Desk) strangers() (alarms []string) {
	shown, err := d.seen()
	if err != nil {
		return []string{err.Error()}
	}
	d.View(func(s *ballot.State) {
		for _, cp := range shown {
			if h, err := ballot.ReadHead(cp); err == nil && !s.HasHead(h) {
				alarms = append(alarms, strangerText(s.Package.EpochOf(h.Origin), h.Size))
			}
		}
	})
	return alarms
}

// pending are the check-ins that wait, with whether their code is right.
func (d *Desk) pending() (rows []PendingRow) {
	for _, half := range append(d.room.Pending(), d.waiting()...) {
		o, err := ballot.ReadCheckIn(half)
		if err != nil {
			continue
		}
		row := PendingRow{Expert: o.Expert, Device: o.Device, Object: half}
		if e := d.Whole.Expert(o.Expert); e != nil {
			row.Name = e.Name
		}
		var code string
		code, row.Known = d.Code(o.Expert)
		row.Right = row.Known && room.Proves(code, o)
		rows = append(rows, row)
	}
	return rows
}
