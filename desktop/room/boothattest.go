package room

import (
	"bytes"
	"context"
	"crypto/sha256"
	"os"

	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/box"
	"zhiping/shared/fault"
)

// Attest looks for the expert's own cells in the columns of a counted round and signs how many are not there (voting.md, step 4): the PIN opens what was sealed,
// the codes are never shown, and once the sequencer has the attestation nothing of the ballot's content is left on this laptop. Mismatches stop the sign-off.
func (b *Booth) Attest(ctx context.Context, round, pin string) (mismatches int64, err error) {
	who, err := b.seated()
	if err != nil {
		return 0, err
	}
	x, err := b.outbox.Expert(ctx, b.Package.Session, who.expert)
	if err != nil || x == nil {
		return 0, fault.New(fault.State, "请先签到")
	}
	s, _, err := unlock(x.Sealed, pin)
	if err != nil {
		return 0, err
	}
	s.forget()
	if b.linked() {
		if err := b.refresh(ctx); err != nil && !unreachable(err) {
			return 0, err
		}
	}
	tally, id, err := b.tally(round)
	if err != nil {
		return 0, err
	}
	columns, err := b.columns(ctx, round, tally)
	if err != nil {
		return 0, err
	}
	if mismatches, err = b.attest(ctx, who, round, id, columns); err != nil {
		return 0, err
	}
	defer b.stir()
	if err := b.deliver(ctx); err != nil && !unreachable(err) {
		return mismatches, err
	}
	return mismatches, nil
}

// tally is the tally of a counted round, as its hub signed it.
func (b *Booth) tally(round string) (*ballot.Tally, ballot.ID, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := roundIn(b.status, round)
	if r.State != ballot.RoundOpened {
		return nil, ballot.ID{}, fault.New(fault.State, "该轮次尚未计票，或已签字，不能核对")
	}
	o, err := ballot.OpenWord(r.Tally, b.Package, b.hubKeys()...)
	if err != nil {
		return nil, ballot.ID{}, err
	}
	t, ok := o.(*ballot.Tally)
	if !ok || t.Round != round {
		return nil, ballot.ID{}, fault.New(fault.Invalid, "主机给出的计票结果不是本轮的，请联系监督人员")
	}
	return t, ballot.IDOf(r.Tally), nil
}

// columns gets the columns that a tally names, from a stick or in pieces over the network.
func (b *Booth) columns(ctx context.Context, round string, t *ballot.Tally) ([]byte, error) {
	right := func(columns []byte) bool {
		sum := sha256.Sum256(columns)
		return bytes.Equal(sum[:], t.Columns)
	}
	columns, err := b.outbox.Columns(ctx, b.Package.Session, round)
	if err != nil {
		return nil, err
	}
	if columns != nil && right(columns) {
		return columns, nil
	}
	if !b.linked() {
		return nil, fault.New(fault.State, "U盘带来的计票列不完整，请会务人员在主机上重新导出后再导入")
	}
	columns = nil
	err = b.with(ctx, func(l *link) error {
		for columns = nil; ; {
			resp, err := call(ctx, answerTime, l.GetColumns, &roomv1.GetColumnsRequest{Session: b.Package.Session, Round: round, Offset: int64(len(columns))})
			if err != nil {
				return err
			}
			columns = append(columns, resp.Piece...)
			if len(resp.Piece) == 0 || int64(len(columns)) >= resp.Total || len(columns) > maxColumns {
				return nil
			}
		}
	})
	if err == nil && !right(columns) {
		err = fault.New(fault.State, "主机给出的计票列与其签名的计票结果不符，请立即报告监督人员")
	}
	return columns, err
}

// maxColumns bounds what is read: 200 experts with scores of 100 items on 10,000 applicants are far below.
const maxColumns = 256 << 20

// attest compares and signs.
func (b *Booth) attest(ctx context.Context, who *seat, round string, tally ballot.ID, columns []byte) (int64, error) {
	b.sealing.Lock()
	defer b.sealing.Unlock()
	items, err := b.outbox.Items(ctx, b.Package.Session, who.expert)
	if err != nil {
		return 0, err
	}
	b.mu.Lock()
	c, p := b.chain(round, items), b.people
	b.mu.Unlock()
	item := box.Item{Session: b.Package.Session, Expert: who.expert, Kind: box.Attest, Subject: round, Version: 1}
	for _, i := range items {
		if i.Kind != box.Attest || i.Subject != round {
			continue
		}
		if i.Refused == "" && !c.waits {
			return i.Try, nil // said already; its word goes on being sent
		}
		item.Version = i.Version + 1
	}
	if c.top == nil || !c.inForce || c.waits {
		return 0, fault.New(fault.State, "本机没有您在本轮计入的选票，不能核对")
	}
	sealed, err := b.outbox.OwnOf(ctx, c.top)
	if err != nil {
		return 0, err
	}
	if sealed == nil {
		return 0, fault.New(fault.State, "本机没有保存您的选票内容，不能核对；不核对不影响选票计入")
	}
	own, err := who.open(ownName(c.top), sealed)
	if err != nil {
		return 0, err
	}
	defer clear(own)
	mismatches, err := ballot.CheckOwn(p, round, own, columns)
	if err != nil {
		return 0, err
	}
	item.Try = mismatches
	return mismatches, b.signed(ctx, item, &ballot.Attest{Session: b.Package.Session, Expert: who.expert, Tally: tally[:], Mismatches: mismatches, At: b.o.Now()}, who.key)
}

// Archive takes the server's word that it keeps the record (tick ③), where it does not come by the network or on a stick.
func (b *Booth) Archive(ctx context.Context, object []byte) error {
	defer b.stir()
	o, err := b.believe(ctx, object)
	if err != nil {
		return err
	}
	if _, ok := o.(*ballot.Archive); !ok {
		return fault.New(fault.Invalid, "不是中心的归档确认，请重新选择文件")
	}
	b.mu.Lock()
	alone := b.alone()
	b.mu.Unlock()
	if !alone {
		return nil
	}
	return b.refold(ctx)
}

// Wipe erases all that this laptop holds of who sits here, and then says so (zp-wipe): only after the server's word that it keeps the record. What his PIN has
// opened is forgotten with it.
func (b *Booth) Wipe(ctx context.Context) error {
	who, err := b.seated()
	if err != nil {
		return err
	}
	if err := b.mayErase(ctx); err != nil {
		return err
	}
	if err := b.wipe(ctx, who); err != nil {
		return err
	}
	b.Leave()
	if err := b.deliver(ctx); err != nil && !unreachable(err) {
		return err
	}
	return nil
}

func (b *Booth) mayErase(ctx context.Context) error {
	archive, err := b.outbox.Words(ctx, b.Package.Session, "zp-archive/1")
	if err == nil && len(archive) == 0 {
		err = fault.New(fault.State, "中心尚未确认归档，不能清除本机数据")
	}
	return err
}

func (b *Booth) wipe(ctx context.Context, who *seat) error {
	b.sealing.Lock()
	defer b.sealing.Unlock()
	word, err := (&ballot.Wipe{Session: b.Package.Session, Expert: who.expert, Device: b.device, At: b.o.Now()}).Sign(who.key)
	if err != nil {
		return err
	}
	id := ballot.IDOf(word)
	ids, err := b.outbox.Wipe(ctx, b.Package.Session, who.expert, &box.Item{ID: id.String()}, word)
	if err != nil {
		return err
	}
	return b.removeFiles(ids)
}

func (b *Booth) removeFiles(ids []string) error {
	for _, id := range ids {
		if err := os.Remove(b.fileOf(id)); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

// Erase erases all that this laptop holds of the session, whoever's it is, without a word of those who did not come back for it; after the archive's word alone.
func (b *Booth) Erase(ctx context.Context) error {
	if err := b.mayErase(ctx); err != nil {
		return err
	}
	b.Leave()
	ids, err := b.outbox.Wipe(ctx, b.Package.Session, "", nil, nil)
	if err != nil {
		return err
	}
	return b.removeFiles(ids)
}
