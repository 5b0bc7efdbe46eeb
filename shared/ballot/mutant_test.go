package ballot_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
)

// A mutant is a record in which one thing has been changed by somebody who has every key and signs again whatever he likes. Whether it still holds is not
// known beforehand: what counts is that two verifiers say the same of it.
type mutant struct {
	t      *testing.T
	random *rand.Rand
	ring   map[string]ballot.Key // by role and hash, as signature lines name them
	e      *ballot.Evidence
	what   string
	at     int // the object that was changed, -1 for none
}

// keyring has every key of a room.
func keyring(r *ballottest.Room) map[string]ballot.Key {
	ring := map[string]ballot.Key{}
	add := func(k ballot.Key) {
		pub, _ := hex.DecodeString(k.Public())
		sum := sha256.Sum256(append([]byte(k.Role+"\n\x01"), pub...))
		ring[k.Role+" "+string(sum[:4])] = k
	}
	for _, k := range []ballot.Key{r.Server, r.Hub, r.Spare, r.Staff, r.Chair, r.Supervisor} {
		add(k)
	}
	for _, c := range r.Custodians {
		add(c.Sign)
	}
	for n := range 256 {
		add(ballottest.Key(ballot.RoleExpert, byte(n)))
	}
	return ring
}

// signers are the keys that signed an object.
func (m *mutant) signers(note []byte) []ballot.Key {
	var keys []ballot.Key
	_, lines, _ := strings.Cut(string(note[len(ballot.TextOf(note)):]), "\n")
	for _, line := range strings.Split(strings.TrimSuffix(lines, "\n"), "\n") {
		f := strings.Split(line, " ")
		if len(f) != 3 {
			continue
		}
		b, err := base64.StdEncoding.DecodeString(f[2])
		if err != nil || len(b) < 4 {
			continue
		}
		if k, ok := m.ring[f[1]+" "+string(b[:4])]; ok {
			keys = append(keys, k)
		}
	}
	return keys
}

// written signs a text as its object was signed; an envelope keeps its blobs.
func (m *mutant) written(object []byte, text string, keys []ballot.Key) []byte {
	note, err := ballot.SignText(text, keys...)
	if err != nil {
		return object // a text that cannot be signed stays as it was
	}
	if e, err := ballot.ParseEnvelope(object); err == nil {
		e.Note = note
		return e.Join()
	}
	return note
}

// noteOf is the signed text of an object or of an envelope.
func noteOf(object []byte) []byte {
	if e, err := ballot.ParseEnvelope(object); err == nil {
		return e.Note
	}
	return object
}

var words = []string{
	"", "-", "0", "1", "2", "7", "PRESENT", "ABSENT", "LEFT", "RECUSED", "R1", "R2", "R3", "R1~2", "R2~2", "E01", "E02", "E03", "A0001", "A0002", "1,2", "1,3", "2,3", "staff",
	"VOTE", "SCORE", "SECRET", "NAMED", "ATTENDING", "ATTENDING-RECUSED", "TOP", "MEAN", "MAIN", "LATE", "NEED_RETURN", "BAD_SIG", "MALFORMED", "PASSED", "FAILED", "NONE",
	"9223372036854775807", "9223372036854775808", "-1", "+1", "01", "1.0", "\u2028", "\u0085", "中文",
}

// value changes one value of a line.
func (m *mutant) value(v, key string, at, of int) string {
	if n, err := strconv.ParseInt(v, 10, 64); err == nil && m.random.IntN(2) == 0 {
		return strconv.FormatInt(n+int64(m.random.IntN(5)-2), 10)
	}
	switch m.random.IntN(12) {
	case 0:
		return strings.ToUpper(v)
	case 1:
		return v + []string{" ", "|", "0", ",", "\t", "\u200b"}[m.random.IntN(6)]
	case 2:
		if len(v) > 1 {
			i := m.random.IntN(len(v))
			return v[:i] + v[i+1:]
		}
	case 3:
		return words[m.random.IntN(len(words))]
	}
	// What stands in the same place of another line or object, or anything that stands in the record.
	var same, any []string
	for _, o := range m.e.Log {
		for _, line := range strings.Split(ballot.TextOf(noteOf(o)), "\n") {
			k, rest, _ := strings.Cut(line, " ")
			if len(rest) > 200 {
				continue
			}
			f := strings.Split(rest, "|")
			if any = append(any, f...); k == key && len(f) == of && f[at] != v {
				same = append(same, f[at])
			}
		}
	}
	if len(same) == 0 || m.random.IntN(6) == 0 {
		same = any
	}
	return same[m.random.IntN(len(same))]
}

// text changes one line of a text.
func (m *mutant) text(text string) string {
	lines := strings.SplitAfter(text, "\n")
	lines = lines[:len(lines)-1]
	i := m.random.IntN(len(lines))
	switch m.random.IntN(20) {
	case 0:
		m.what += " without line " + lines[i]
		return strings.Join(slices.Delete(lines, i, i+1), "")
	case 1:
		m.what += " twice line " + lines[i]
		return strings.Join(slices.Insert(lines, i, lines[i]), "")
	case 2:
		j := m.random.IntN(len(lines))
		lines[i], lines[j] = lines[j], lines[i]
		m.what += " lines exchanged: " + lines[i] + lines[j]
		return strings.Join(lines, "")
	}
	key, rest, ok := strings.Cut(strings.TrimSuffix(lines[i], "\n"), " ")
	if !ok {
		key, rest = "", key
	}
	f := strings.Split(rest, "|")
	k := m.random.IntN(len(f))
	f[k] = m.value(f[k], key, k, len(f))
	before := lines[i]
	if lines[i] = strings.TrimPrefix(key+" "+strings.Join(f, "|")+"\n", " "); len(lines[i]) < 300 {
		m.what += " " + before + "-> " + lines[i]
	}
	return strings.Join(lines, "")
}

// object changes one object of the log.
func (m *mutant) object(others [][]byte) {
	log := m.e.Log
	i, j := m.random.IntN(len(log)), m.random.IntN(len(log))
	kind, _, _ := strings.Cut(ballot.TextOf(noteOf(log[i])), "\n")
	m.what = fmt.Sprintf("object %d (%s)", i, kind)
	m.at = i
	note := noteOf(log[i])
	switch m.random.IntN(16) {
	case 0:
		m.what += " removed"
		m.e.Log = slices.Delete(log, i, i+1)
	case 1:
		m.what += fmt.Sprint(" again before ", j)
		m.e.Log = slices.Insert(log, j, log[i])
	case 2:
		m.what += fmt.Sprint(" exchanged with ", j)
		log[i], log[j] = log[j], log[i]
	case 3:
		m.what += fmt.Sprint(" moved to ", j)
		o := log[i]
		m.e.Log = slices.Insert(slices.Delete(log, i, i+1), min(j, len(log)-1), o)
	case 4:
		m.what += " replaced by one of another meeting"
		log[i] = others[m.random.IntN(len(others))]
	case 5:
		keys := m.signers(note)
		if len(keys) > 0 {
			keys[m.random.IntN(len(keys))] = ballottest.Key([]string{ballot.RoleStaff, ballot.RoleChair, ballot.RoleHub, ballot.RoleExpert}[m.random.IntN(4)], byte(m.random.IntN(8)))
		}
		m.what += " signed by others"
		log[i] = m.written(log[i], ballot.TextOf(note), keys)
	case 6:
		m.what += " signatures in another order or number"
		keys := m.signers(note)
		m.random.Shuffle(len(keys), func(a, b int) { keys[a], keys[b] = keys[b], keys[a] })
		if len(keys) > 0 && m.random.IntN(2) == 0 {
			keys = append(keys, keys[0])
		}
		log[i] = m.written(log[i], ballot.TextOf(note), keys)
	case 7:
		m.what += " with a signature in another writing"
		log[i] = otherwise(log[i], note)
	default:
		log[i] = m.written(log[i], m.text(ballot.TextOf(note)), m.signers(note))
	}
}

// otherwise writes the last signature of an object in another way with the same meaning: the bits that base64 leaves over are set.
func otherwise(object, note []byte) []byte {
	changed := bytes.Clone(note)
	if at := bytes.LastIndexByte(changed, '='); at > 0 {
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
		n := strings.IndexByte(alphabet, changed[at-1])
		changed[at-1] = alphabet[n^1]
	}
	if e, err := ballot.ParseEnvelope(object); err == nil {
		e.Note = changed
		return e.Join()
	}
	return changed
}

// columns changes the columns of a round; mostly the hub signs a tally over them.
func (m *mutant) columns() {
	ids := make([]string, 0, len(m.e.Columns))
	for id := range m.e.Columns {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return
	}
	slices.Sort(ids)
	id := ids[m.random.IntN(len(ids))]
	before := m.e.Columns[id]
	lines := strings.SplitAfter(string(before), "\n")
	i, j := m.random.IntN(len(lines)-1), m.random.IntN(len(lines)-1)
	switch m.random.IntN(5) {
	case 0:
		lines = slices.Delete(lines, i, i+1)
	case 1:
		lines = slices.Insert(lines, j, lines[i])
	case 2:
		lines[i], lines[j] = lines[j], lines[i]
	default:
		f := strings.Split(strings.TrimSuffix(lines[i], "\n"), " ")
		k := len(f) - 1 - m.random.IntN(2)*m.random.IntN(2)
		if f[k] = m.value(f[k], "", 0, 1); m.random.IntN(3) > 0 {
			f[k] = []string{"1", "2", "3", "4"}[m.random.IntN(4)]
		}
		lines[i] = strings.Join(f, " ") + "\n"
	}
	after := []byte(strings.Join(lines, ""))
	m.e.Columns[id] = after
	m.what = fmt.Sprintf("columns of %s, line %d", id, i)
	if m.random.IntN(4) == 0 {
		return
	}
	old, sum := sha256.Sum256(before), sha256.Sum256(after)
	for n, o := range m.e.Log {
		if text := ballot.TextOf(o); strings.HasPrefix(text, "zp-tally/") && strings.Contains(text, hex.EncodeToString(old[:])) {
			m.e.Log[n] = m.written(o, strings.Replace(text, hex.EncodeToString(old[:]), hex.EncodeToString(sum[:]), 1), m.signers(o))
		}
	}
}

// rebuilt writes the log anew so that everything after the change agrees with it: ids, roots, counted sets, figures and results. It is what a forger does
// who has the keys of everybody.
func (m *mutant) rebuilt(before [][]byte) {
	now := map[string]string{}
	for i, o := range before {
		if i < len(m.e.Log) {
			now[ballot.IDOf(o).String()] = ballot.IDOf(m.e.Log[i]).String()
		}
	}
	var s *ballot.State
	if p, id, err := ballot.OpenPackage(m.e.Log[0], m.e.Server); err == nil {
		s, _ = ballot.NewState(p, id)
	}
	for i, o := range m.e.Log {
		note := noteOf(o)
		text, was := ballot.TextOf(note), ballot.IDOf(o).String()
		if i < len(before) {
			was = ballot.IDOf(before[i]).String()
		}
		again := m.renamed(text, now, i)
		if s != nil && i != m.at {
			again = m.figured(s, again)
		}
		if keys := m.owned(s, again, m.signers(note)); again != text || i == m.at && s != nil && !slices.EqualFunc(keys, m.signers(note), sameKey) && m.random.IntN(4) > 0 {
			m.e.Log[i] = m.written(o, again, keys)
		}
		now[was] = ballot.IDOf(m.e.Log[i]).String()
		if s != nil && s.Apply(m.e.Log[i]) != nil {
			s = nil // it does not hold; the rest is renamed all the same
		}
	}
}

func sameKey(a, b ballot.Key) bool { return a.Role == b.Role && a.Public() == b.Public() }

// owned are the keys that sign a text, with that of the expert whom it names in the place of another's.
func (m *mutant) owned(s *ballot.State, text string, keys []ballot.Key) []ballot.Key {
	_, expert, found := strings.Cut(text, "\nexpert ")
	if s == nil || !found || strings.HasPrefix(text, "zp-checkin/") {
		return keys
	}
	expert, _, _ = strings.Cut(expert, "\n")
	for i, k := range keys {
		for _, x := range m.ring {
			if k.Role == ballot.RoleExpert && x.Role == ballot.RoleExpert && x.Public() == s.Credentials[expert] {
				keys[i] = x
			}
		}
	}
	return keys
}

// renamed is a text with the ids and roots that hold now. i is its place in the log.
func (m *mutant) renamed(text string, now map[string]string, i int) string {
	lines := strings.Split(text, "\n")
	size := int64(-1)
	for n, line := range lines {
		key, rest, _ := strings.Cut(line, " ")
		if key == "size" {
			size, _ = strconv.ParseInt(rest, 10, 64)
		}
		if key == "root" && size > 0 && size <= int64(i) {
			_, root := ballot.Root(m.e.Log[:size])
			lines[n] = fmt.Sprintf("root %x", root[:])
			continue
		}
		if key == "from" && len(rest) > 1 {
			lines[n] = "from " + m.checkpointAt(rest, i)
			continue
		}
		f := strings.Split(rest, "|")
		for k, v := range f {
			if len(v) == 64 && now[v] != "" {
				f[k] = now[v]
			}
		}
		if rest != "" {
			lines[n] = key + " " + strings.Join(f, "|")
		}
	}
	return strings.Join(lines, "\n")
}

// figured is a text with the figures that the log before it gives.
func (m *mutant) figured(s *ballot.State, text string) string {
	kind, _, _ := strings.Cut(text, "\n")
	line := func(key string) string {
		_, rest, _ := strings.Cut(text, "\n"+key+" ")
		rest, _, _ = strings.Cut(rest, "\n")
		return strings.TrimPrefix(rest, "-")
	}
	at, _ := strconv.ParseInt(line("at"), 10, 64)
	var object []byte
	err := fmt.Errorf("nothing to do")
	switch k := ballottest.Key(ballot.RoleStaff, 3); kind {
	case "zp-open/2":
		var o *ballot.Open
		if o, err = s.OpenOf(line("round"), line("reason"), at); err == nil {
			object, err = o.Sign(k)
		}
	case "zp-close/2":
		var o *ballot.Close
		if o, err = s.CloseOf(line("round"), at); err == nil {
			object, err = o.Sign(k)
		}
	case "zp-attend/2":
		object, err = s.AttendOf(line("expert"), line("status"), line("reason"), at).Sign(k)
	case "zp-tally/2":
		return m.recounted(s, text, line("round"))
	}
	if err != nil {
		return text
	}
	return ballot.TextOf(object)
}

// recounted is the text of a tally with the results that the columns give.
func (m *mutant) recounted(s *ballot.State, text, id string) string {
	r := s.Rounds[id]
	if r == nil || r.Close == nil {
		return text
	}
	head, _, _ := strings.Cut(text, "\nresult ")
	results, err := ballot.Count(s.Package, s.Package.Round(id), m.e.Columns[id], r.Close.Counted, int64(strings.Count(text, "\ninvalid ")), r.Close.Present)
	if err != nil {
		return text
	}
	head += "\n"
	for _, x := range results {
		head += fmt.Sprintf("result %s|%d|%d|%d|%d|%d|%d|%d|%d|%d|%d|%d|%d|%d|%s\n", x.Applicant, x.Agree, x.Oppose, x.Abstain, x.Recused, x.Invalid, x.Missing, x.Base, x.Need,
			x.Scored, x.Kept, x.Sum, x.Mean, x.Rank, x.Decision)
	}
	return head
}

// checkpointAt signs the checkpoint that an epoch takes over from anew.
func (m *mutant) checkpointAt(from string, i int) string {
	cp, err := hex.DecodeString(from)
	lines := strings.Split(ballot.TextOf(cp), "\n")
	if err != nil || len(lines) < 3 || lines[1] != strconv.Itoa(i) {
		return from
	}
	_, root := ballot.Root(m.e.Log[:i])
	lines[2] = root.String()
	again, err := ballot.SignText(strings.Join(lines, "\n"), m.signers(cp)...)
	if err != nil {
		return from
	}
	return hex.EncodeToString(again)
}

// sealed signs the checkpoint over the log as it is now.
func (m *mutant) sealed() {
	lines := strings.Split(ballot.TextOf(m.e.Checkpoint), "\n")
	size, root := ballot.Root(m.e.Log)
	if size == 0 {
		return
	}
	lines[1], lines[2] = strconv.FormatInt(size, 10), root.String()
	if cp, err := ballot.SignText(strings.Join(lines, "\n"), m.signers(m.e.Checkpoint)...); err == nil {
		m.e.Checkpoint = cp
	}
}

// parts changes the file around the log.
func (m *mutant) parts() {
	switch m.random.IntN(8) {
	case 0:
		m.what, m.e.Server = "the key in the file", m.value(m.e.Server, "", 0, 1)
	case 1:
		m.what = "the checkpoint, signed"
		if cp, err := ballot.SignText(m.text(ballot.TextOf(m.e.Checkpoint)), m.signers(m.e.Checkpoint)...); err == nil {
			m.e.Checkpoint = cp
		}
	case 2:
		m.what = "the checkpoint's signature twice, or in another writing"
		if m.e.Checkpoint = otherwise(m.e.Checkpoint, m.e.Checkpoint); m.random.IntN(2) == 0 {
			m.e.Checkpoint = otherwise(m.e.Checkpoint, m.e.Checkpoint)
			_, line, _ := strings.Cut(string(m.e.Checkpoint), "\n\n")
			m.e.Checkpoint = append(m.e.Checkpoint, line...)
		}
	case 3:
		m.what = "a checkpoint as seen by a laptop"
		cp := m.e.Checkpoint
		if again, err := ballot.SignText(m.text(ballot.TextOf(cp)), m.signers(cp)...); err == nil && m.random.IntN(2) == 0 {
			cp = again
		}
		m.e.Checkpoints = append(m.e.Checkpoints, cp)
	case 4:
		m.what = "the last object left out"
		m.e.Log = m.e.Log[:len(m.e.Log)-1]
		m.sealed()
	case 5:
		m.what = "columns of one round under the name of another"
		m.e.Columns[words[10+m.random.IntN(5)]] = m.e.Columns["R1"]
	case 6:
		m.what = "something late"
		m.e.Late = append(m.e.Late, m.e.Log[m.random.IntN(len(m.e.Log))])
	case 7:
		m.what = "a piece of the record before as an earlier hub's"
		x := *m.e
		x.Earlier = nil
		m.e.Earlier = append(m.e.Earlier, x.Encode(&ballot.Package{}))
	}
}

// mutate changes one thing of a record and gives the new file. others are objects of other meetings.
func mutate(t *testing.T, random *rand.Rand, ring map[string]ballot.Key, file []byte, others [][]byte) (what string, out []byte) {
	t.Helper()
	e, err := ballot.ParseEvidence(file)
	if err != nil {
		t.Fatal(err)
	}
	m := &mutant{t: t, random: random, ring: ring, e: e, at: -1}
	if inner := slices.Concat(e.Firsts, e.Earlier); len(inner) > 0 && random.IntN(3) == 0 {
		return m.inside(inner, others)
	}
	before := slices.Clone(e.Log)
	e.Log = slices.Clone(e.Log)
	p, _, err := ballot.OpenPackage(e.Log[0], e.Server)
	if err != nil {
		t.Fatal(err)
	}
	switch n := random.IntN(20); {
	case n < 3: // bytes of the file, with the right sum after them
		at := random.IntN(len(file) - 32)
		return fmt.Sprintf("byte %d", at), ballot.Resum(m.bytes(bytes.Clone(file), at))
	case n < 5: // bytes of one object
		i := random.IntN(len(e.Log))
		e.Log[i] = m.bytes(bytes.Clone(e.Log[i]), random.IntN(min(len(e.Log[i]), 1200)))
		m.what = fmt.Sprintf("a byte of object %d", i)
	case n < 8:
		m.columns()
	case n < 10:
		m.parts()
		return m.what, m.e.Encode(p)
	default:
		m.object(others)
	}
	if random.IntN(6) > 0 && len(m.e.Log) > 0 {
		m.what += ", all signed again"
		m.rebuilt(before)
	}
	m.sealed()
	return m.what, m.e.Encode(p)
}

// inside changes a record that stands in this one.
func (m *mutant) inside(inner, others [][]byte) (string, []byte) {
	i := m.random.IntN(len(inner))
	what, out := mutate(m.t, m.random, m.ring, inner[i], others)
	if n := len(m.e.Firsts); i < n {
		m.e.Firsts[i] = out
	} else {
		m.e.Earlier[i-n] = out
	}
	p, _, err := ballot.OpenPackage(m.e.Log[0], m.e.Server)
	if err != nil {
		m.t.Fatal(err)
	}
	return fmt.Sprintf("in record %d of it: %s", i, what), m.e.Encode(p)
}

// bytes changes one byte, puts one in or takes one out.
func (m *mutant) bytes(b []byte, at int) []byte {
	switch m.random.IntN(4) {
	case 0:
		return slices.Insert(b, at, byte(m.random.IntN(256)))
	case 1:
		return slices.Delete(b, at, at+1)
	case 2:
		b[at] = byte(m.random.IntN(256))
	default:
		b[at] ^= 1 << m.random.IntN(8)
	}
	return b
}
