package room

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/box"
	"zhiping/shared/fault"
	"zhiping/shared/room/stick"
)

// A Booth is an expert's laptop (features F11, F13; voting.md, "Laptop submit" and "Transports"): on the room's LAN, online, with a stick alone, or all of
// them mixed. It has no window. It does its work on the network inside Watch, Submit and the other calls; nothing runs beside them.
type Booth struct {
	Package *ballot.Package // as the server signed it

	o      BoothOptions
	id     ballot.ID // of the package
	device string
	outbox *box.Outbox

	identity string // that replies on sticks are encrypted to

	turn    sync.Mutex // one goroutine waits for the sequencer's log to grow
	sending sync.Mutex // one goroutine sends: the versions of a ballot go out in order
	sealing sync.Mutex // one ballot is sealed at a time

	mu        sync.Mutex // guards what follows
	all       []*link
	at        int // the link that answered last
	connected bool
	people    *ballot.Package
	binding   ballot.ID
	epochs    map[int64]*ballot.Epoch
	epoch     int64
	highest   []byte
	unproved  [][]byte // checkpoints of receipts that have not been proved to be of the same log
	blocked   map[int64]bool
	status    *roomv1.GetStatusResponse // never nil
	who       *seat
	offline   int64
	notice    string
	reopened  map[string]int    // by round: how often it was seen to open
	said      map[string]string // by expert and round: what the last device word was about
	seq       int64
	view      *View
	changed   chan struct{}
}

// A seat is the expert who sits at the laptop now, with what his PIN has opened.
type seat struct {
	expert string
	*secrets
}

// OpenBooth opens a laptop for a session: with the package from a file, the one in its folder, or the sequencer's, whichever there is. It succeeds without a
// network if a package is there.
func OpenBooth(ctx context.Context, o BoothOptions) (*Booth, error) {
	if err := os.MkdirAll(filepath.Join(o.Dir, "outbox"), 0o700); err != nil {
		return nil, err
	}
	b := &Booth{o: o, epochs: map[int64]*ballot.Epoch{}, epoch: 1, blocked: map[int64]bool{}, reopened: map[string]int{}, said: map[string]string{}, changed: make(chan struct{})}
	b.all = o.links(b.pins)
	var err error
	if b.outbox, err = box.OpenOutbox(ctx, filepath.Join(o.Dir, "booth.db")); err != nil {
		return nil, err
	}
	if err := b.begin(ctx); err != nil {
		return nil, errors.Join(err, b.outbox.Close())
	}
	return b, nil
}

func (b *Booth) begin(ctx context.Context) error {
	pkg, err := b.choosePackage(ctx)
	if err != nil {
		return err
	}
	if b.Package, b.id, err = ballot.OpenPackage(pkg, b.o.Server); err != nil {
		return err
	}
	b.people, b.binding = b.Package, b.id
	if p := b.o.given(); len(p) > 0 && !b.o.Online && !slices.Contains([]string{b.Package.TLS, b.Package.SpareTLS}, p[0]) {
		return fault.New(fault.Denied, "主机证书与会议包不符，请联系会务人员")
	}
	if err := b.outbox.KeepPackage(ctx, b.Package.Session, pkg); err != nil {
		return err
	}
	if err := b.name(ctx); err != nil {
		return err
	}
	if err := b.remember(ctx); err != nil {
		return err
	}
	return b.adopt(ctx)
}

// choosePackage finds the package: from the file, else the sequencer's, else the one kept. A package that differs from the kept one takes its place only
// while nothing has been said under that.
func (b *Booth) choosePackage(ctx context.Context) ([]byte, error) {
	kept, err := b.outbox.Package(ctx, b.o.Session)
	if err != nil {
		return nil, err
	}
	pkg := b.o.Package
	if pkg == nil && len(b.all) == 0 && kept == nil {
		return nil, fault.New(fault.Invalid, "请填写会场主机地址，或选择会议包文件")
	}
	if !b.o.Online && len(b.all) > 0 && b.o.Pin == "" && pkg == nil && kept == nil {
		return nil, fault.New(fault.Invalid, "请按配对单填写主机证书指纹")
	}
	if p, _, err := ballot.OpenPackage(kept, b.o.Server); err == nil {
		b.Package = p // its certificates are trusted
	}
	for i, l := range b.all {
		if pkg != nil {
			break
		}
		resp, err := call(ctx, answerTime, l.GetPackage, &roomv1.GetPackageRequest{Session: b.o.Session})
		if err == nil {
			pkg, b.at, l.compared = resp.Package, i, true
		} else if i == len(b.all)-1 && (kept == nil || !unreachable(err)) {
			return nil, err
		}
	}
	if pkg == nil {
		return kept, nil
	}
	return pkg, b.mayReplace(ctx, pkg)
}

// mayReplace refuses a package beside which something has been said under another one of the same session.
func (b *Booth) mayReplace(ctx context.Context, pkg []byte) error {
	p, _, err := ballot.OpenPackage(pkg, b.o.Server)
	if err != nil {
		return err
	}
	kept, err := b.outbox.Package(ctx, p.Session)
	if err != nil || kept == nil || bytes.Equal(kept, pkg) {
		return err
	}
	said, err := b.outbox.Items(ctx, p.Session, "")
	if err == nil && len(said) > 0 {
		err = errOtherPackage
	}
	if err != nil {
		return err
	}
	_, err = b.outbox.Wipe(ctx, p.Session, "", nil, nil)
	return err
}

var errOtherPackage = fault.New(fault.Denied, "主机的会议包与本机已使用的会议包不同，请勿继续，并联系会务人员")

// name gives the laptop its name and the key that replies on sticks are encrypted to.
func (b *Booth) name(ctx context.Context) error {
	identity, _, err := stick.NewIdentity()
	if err != nil {
		return err
	}
	kept, err := b.outbox.Once(ctx, "stick", []byte(identity))
	if err != nil {
		return err
	}
	b.identity = string(kept)
	random := make([]byte, 3)
	rand.Read(random)
	name, err := b.outbox.Once(ctx, "device", []byte("电脑"+hex.EncodeToString(random)))
	if b.device = b.o.Device; b.device == "" {
		b.device = string(name)
	}
	return err
}

// remember reads what the laptop has believed before.
func (b *Booth) remember(ctx context.Context) error {
	session := b.Package.Session
	words, err := b.outbox.Words(ctx, session, "")
	if err != nil {
		return err
	}
	for _, w := range words {
		if err := b.learn(ctx, w); err != nil && fault.As(err) == nil {
			return err // what contradicts another word is an alarm already
		}
	}
	alarms, err := b.outbox.Alarms(ctx, session)
	if err != nil {
		return err
	}
	for _, a := range alarms {
		b.blocked[a.Epoch] = true
	}
	if b.highest, err = b.outbox.Highest(ctx, session); err != nil {
		return err
	}
	receipts, err := b.outbox.Receipts(ctx, session, b.epoch)
	if err != nil {
		return err
	}
	for _, text := range receipts {
		if r, err := ballot.ReadReceipt(text); err == nil {
			b.doubt(r.Checkpoint)
		}
	}
	kept, err := b.outbox.Status(ctx, session)
	if err != nil {
		return err
	}
	b.status = &roomv1.GetStatusResponse{}
	if kept == nil || proto.Unmarshal(kept, b.status) != nil {
		b.status = b.fold(words)
	}
	return nil
}

// pins are the certificates that a hub may show: the one on the pairing slip, and those of hub and spare once the package is known.
func (b *Booth) pins() []string {
	pins := b.o.given()
	if b.Package != nil && !b.o.Online {
		for _, p := range []string{b.Package.TLS, b.Package.SpareTLS} {
			if p != "" {
				pins = append(pins, p)
			}
		}
	}
	return pins
}

// Close closes the laptop's file. What an expert's PIN has opened is forgotten.
func (b *Booth) Close() error {
	b.Leave()
	return b.outbox.Close()
}

// Leave makes the laptop ready for the next expert: nothing of the one who leaves can be read any more without his PIN.
func (b *Booth) Leave() {
	b.sit(nil)
}

// sit changes who sits at the laptop, once nothing is being sealed or signed.
func (b *Booth) sit(s *seat) {
	b.sealing.Lock()
	defer b.sealing.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.who != nil && b.who != s {
		b.who.forget()
	}
	b.who = s
	b.status = proto.CloneOf(b.status)
	b.status.Own = nil
	b.poke()
}

// seated is the expert who sits at the laptop.
func (b *Booth) seated() (*seat, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.who == nil {
		return nil, fault.New(fault.State, "请先签到")
	}
	return b.who, nil
}

// voter seals and signs for who sits at the laptop.
func (b *Booth) voter(s *seat) *ballot.Voter {
	b.mu.Lock()
	defer b.mu.Unlock()
	return &ballot.Voter{Package: b.people, PackageID: b.binding, Expert: s.expert, Key: s.key, Device: b.device, Random: rand.Reader}
}

// poke wakes those who watch; b.mu is held.
func (b *Booth) poke() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// stir wakes those who watch.
func (b *Booth) stir() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.poke()
}

// current draws the view, gives it a new number if it differs from the last one, and says when something changes next.
func (b *Booth) current(ctx context.Context) (*View, <-chan struct{}, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v, err := b.draw(ctx)
	if err != nil {
		return nil, nil, err
	}
	if b.view != nil {
		v.Seq = b.view.Seq
	}
	if !reflect.DeepEqual(v, b.view) {
		b.seq++
		v.Seq = b.seq
		b.view = v
		b.poke()
	}
	return b.view, b.changed, nil
}
