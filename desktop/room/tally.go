package room

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
	"zhiping/shared/holder"
)

// A KeyFile is a custodian's key file with the passphrase that opens it.
type KeyFile struct{ Path, Passphrase string }

// work is what the tally process reads on its standard input: the closed log and two keys. Nothing of it stands in arguments or environment.
type work struct {
	Server, Round string
	Log           [][]byte
	Keys          [2]KeyFile
}

// opened is what it writes on its standard output: the columns, the ids of invalid ballots, or why not; nothing of single ballots.
type opened struct {
	Columns []byte     `json:",omitempty"`
	Invalid []string   `json:",omitempty"`
	Code    fault.Code `json:",omitempty"`
	Error   string     `json:",omitempty"`
}

// Tally opens both layers in a process of its own and counts. The hub's process sees columns only, never a ballot; the sequencer counts them again
// and signs. Of a round whose columns were lost with a hub they are made again, and must be the same.
func (d *Desk) Tally(ctx context.Context, round string, a, b KeyFile) error {
	var counted []byte
	err := d.round(round, func(_ *ballot.State, r *ballot.RoundState) error {
		if r.Tally != nil {
			counted = r.Tally.Columns
		}
		if r.Close == nil || len(r.Openers) != 2 {
			return fault.New(fault.State, "该轮次尚未关闭，或没有两名保管人的授权，不能计票")
		}
		return nil
	})
	if err != nil {
		return err
	}
	if kept, err := d.shelf.Columns(ctx, round); err != nil || counted != nil && summed(kept, counted) {
		return errors.Join(err, fault.New(fault.State, "该轮次已计票"))
	}
	o, err := d.hub.tell(ctx, &work{d.hub.server, round, d.Log(), [2]KeyFile{a, b}})
	if err != nil {
		return err
	}
	d.hub.point("opened")
	if counted != nil && !summed(o.Columns, counted) {
		return fault.New(fault.State, "重新开票得到的计票栏与已签名的计票结果不符，请停止使用本机，并报告监督人员")
	}
	if counted != nil {
		return d.shelf.KeepColumns(ctx, round, o.Columns)
	}
	return d.count(ctx, round, o)
}

// summed reports whether columns are those of a tally.
func summed(columns, sum []byte) bool {
	got := sha256.Sum256(columns)
	return bytes.Equal(got[:], sum)
}

func (d *Desk) count(ctx context.Context, round string, o *opened) error {
	if d.remote == nil {
		_, err := d.room.Count(ctx, round, o.Columns, o.Invalid) // it keeps the columns first
		return err
	}
	if err := d.shelf.KeepColumns(ctx, round, o.Columns); err != nil {
		return err
	}
	req := &roomv1.CountRequest{Session: d.Session, Round: round, Columns: o.Columns}
	for _, id := range o.Invalid {
		b, err := hex.DecodeString(id)
		if err != nil {
			return err
		}
		req.Invalid = append(req.Invalid, b)
	}
	if _, err := d.remote.desk.Count(ctx, req); err != nil {
		return err
	}
	return d.fetch(ctx, d.remote, false)
}

// tell runs the tally process.
func (h *Hub) tell(ctx context.Context, w *work) (*opened, error) {
	command := h.Teller
	if len(command) == 0 {
		path, err := os.Executable()
		if err != nil {
			return nil, err
		}
		command = []string{path, "tally"}
	}
	in, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin = bytes.NewReader(in)
	cmd.Env = append(os.Environ(), "GOTRACEBACK=none") // a crash of that process prints nothing of what it holds
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("the tally process: %w: %s", err, said.Bytes())
	}
	o := &opened{}
	if err := json.Unmarshal(out, o); err != nil {
		return nil, err
	}
	if o.Error != "" {
		return nil, fault.New(o.Code, "%s", o.Error)
	}
	return o, nil
}

// TallyProcess is the tally process: it reads its work, opens every counted ballot with the two keys, and writes the columns. It knows neither folder nor
// network, and ends.
func TallyProcess(in io.Reader, out io.Writer) error {
	w := &work{}
	if err := json.NewDecoder(in).Decode(w); err != nil {
		return err
	}
	o := &opened{}
	var err error
	if o.Columns, o.Invalid, err = w.open(); err != nil {
		f := fault.As(err)
		if f == nil {
			return err
		}
		o = &opened{Code: f.Code, Error: f.Message}
	}
	return json.NewEncoder(out).Encode(o)
}

func (w *work) open() (columns []byte, invalid []string, err error) {
	if len(w.Log) == 0 {
		return nil, nil, errors.New("no log")
	}
	p, id, err := ballot.OpenPackage(w.Log[0], w.Server)
	if err != nil {
		return nil, nil, err
	}
	s, err := ballot.NewState(p, id)
	if err != nil {
		return nil, nil, err
	}
	for _, o := range w.Log {
		if err := s.Apply(o); err != nil {
			return nil, nil, err
		}
	}
	var keys [2]*ballot.Secret
	for i, k := range w.Keys {
		if keys[i], err = LoadCustodian(k, p); err != nil {
			return nil, nil, err
		}
	}
	return ballot.Unseal(s, w.Round, keys[0], keys[1])
}

// LoadCustodian opens a custodian's key file and finds whose of the package it is.
func LoadCustodian(k KeyFile, p *ballot.Package) (*ballot.Secret, error) {
	h, err := holder.Open(k.Path, k.Passphrase)
	if err != nil {
		return nil, err
	}
	return h.CustodianOf(p)
}
