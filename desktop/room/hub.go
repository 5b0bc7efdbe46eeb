package room

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"zhiping/proto/gen/zhiping/room/v1/roomv1connect"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/box"
	"zhiping/shared/fault"
	"zhiping/shared/room"
)

// A Hub is the folder of staff's laptop: the sessions whose log it writes, those it only copies (as the spare, or while the central server is the
// sequencer), and its keys.
type Hub struct {
	Pairing string   // six digits that a booth needs to talk to this laptop
	Rooms   []*Desk  // in the order in which they were added
	Teller  []string // the command of the tally process; this program's "tally" unless something else is set

	dir    string
	server string // key that signs packages
	keys   *Keys
	now    func() int64

	mu    sync.Mutex
	codes codesFile
	stop  []func()     // of those that follow another's log
	point func(string) // a failpoint: tests end the program here
}

// OpenHub opens the rooms of a folder, going on where they stood, and adds those of the packages given. server is the key (hex) that packages are
// signed with.
func OpenHub(ctx context.Context, dir, server string, now func() int64, packages ...[]byte) (*Hub, error) {
	if _, err := os.Stat(wipedPath(dir)); err == nil {
		return nil, fault.New(fault.State, "本机的主机密钥和签到码已在归档后清除，不能再主持会议")
	}
	keys, err := PrepareKeys(dir)
	if err != nil {
		return nil, err
	}
	h := &Hub{dir: dir, server: server, keys: keys, now: now, point: func(string) {}}
	if err := h.readCodes(); err != nil {
		return nil, err
	}
	known, err := matching(dir, "package-", ".zpp")
	if err != nil {
		return nil, err
	}
	for _, path := range known {
		if _, err := os.Stat(path + onlineMark); err == nil {
			continue // the central server writes its log: this laptop must never begin one beside it
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, errors.Join(err, h.Close())
		}
		if !slices.ContainsFunc(packages, func(p []byte) bool { return ballot.IDOf(p) == ballot.IDOf(b) }) {
			packages = append(packages, b)
		}
	}
	for _, p := range packages {
		if _, err := h.Add(ctx, p); err != nil {
			return nil, errors.Join(err, h.Close())
		}
	}
	return h, nil
}

// Add adds the room of a package, or finds it.
func (h *Hub) Add(ctx context.Context, pkg []byte) (*Desk, error) { return h.add(ctx, pkg, nil) }

// Connect adds the room of a package whose sequencer is the central server: its log and columns are copied here, and staff's steps go there.
func (h *Hub) Connect(ctx context.Context, pkg []byte, desk roomv1connect.DeskServiceClient, rooms roomv1connect.RoomServiceClient) (*Desk, error) {
	of := &source{desk: desk, room: rooms}
	p, _, err := ballot.OpenPackage(pkg, h.server)
	if err == nil {
		err = writeDurably(h.packagePath(p.Session)+onlineMark, nil)
	}
	if err != nil {
		return nil, err
	}
	d, err := h.add(ctx, pkg, of)
	if err == nil {
		h.background(func(ctx context.Context) { d.follow(ctx, of) })
		h.background(d.await)
	}
	return d, err
}

func (h *Hub) add(ctx context.Context, pkg []byte, of *source) (*Desk, error) {
	p, id, err := ballot.OpenPackage(pkg, h.server)
	if err != nil {
		return nil, err
	}
	for _, d := range h.Rooms {
		switch {
		case d.id == id:
			return d, nil
		case d.Session == p.Session:
			return nil, fault.New(fault.State, "本机已有会场“%s”的另一个会议包，请检查文件夹", p.Session)
		}
	}
	d := &Desk{Session: p.Session, Whole: p, id: id, hub: h, remote: of, shelf: &shelf{dir: h.dir, session: p.Session}}
	if d.shelf.old, err = begun(ctx, filepath.Join(h.dir, "ballots.db"), id); err != nil {
		return nil, err
	}
	if d.box, err = box.Open(ctx, d.shelf.log()); err != nil {
		return nil, err
	}
	d.room = &room.Room{Hub: h.keys.Hub, Staff: d, Shelf: d.shelf, Now: h.now}
	store := watched{d.box, h}
	if of != nil {
		d.room.Session, err = ballot.Replica(ctx, store, pkg, h.server)
	} else {
		d.room.Session, err = ballot.Begin(ctx, store, pkg, h.server, h.keys.Hub)
	}
	if err == nil {
		err = d.resume(ctx)
	}
	if err == nil && (of != nil || d.room.Session.Sequencer() && d.epoch() == 1) {
		err = h.makeCodes(p)
	}
	if err == nil {
		err = h.keepPackage(p.Session, pkg)
	}
	if err != nil {
		return nil, errors.Join(err, d.box.Close())
	}
	h.Rooms = append(h.Rooms, d)
	return d, nil
}

// watched is the log's store with a failpoint before and after what it makes durable.
type watched struct {
	ballot.Store
	hub *Hub
}

// Append implements ballot.Store.
func (w watched) Append(ctx context.Context, size int64, objects [][]byte, hashes []tlog.Hash) error {
	kind, _, text := strings.Cut(ballot.KindOf(objects[0]), "/")
	if !text || !strings.HasPrefix(kind, "zp-") {
		kind = "zp-envelope" // the one object that is no text
	}
	w.hub.point("before " + kind)
	err := w.Store.Append(ctx, size, objects, hashes)
	w.hub.point("after " + kind)
	return err
}

// begun reports whether a log file of an earlier version of the program is of a package.
func begun(ctx context.Context, path string, id ballot.ID) (bool, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	b, err := box.Open(ctx, path)
	if err != nil {
		return false, err
	}
	mine, stop := false, errors.New("the first is enough")
	_, err = b.Load(ctx, func(object []byte) error {
		mine = ballot.IDOf(object) == id
		return stop
	})
	if errors.Is(err, stop) {
		err = nil
	}
	return mine, errors.Join(err, b.Close())
}

// onlineMark is added to the name of a package whose sequencer is the central server: that file says so to the next start.
const onlineMark = ".online"

func (h *Hub) packagePath(session string) string {
	return filepath.Join(h.dir, "package-"+nameOf(session)+".zpp")
}

func (h *Hub) keepPackage(session string, pkg []byte) error {
	path := h.packagePath(session)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	return writeDurably(path, pkg)
}

// Room finds the desk of a session; "" is the only one.
func (h *Hub) Room(session string) (*Desk, error) {
	if session == "" && len(h.Rooms) == 1 {
		return h.Rooms[0], nil
	}
	for _, d := range h.Rooms {
		if d.Session == session && session != "" {
			return d, nil
		}
	}
	if session == "" {
		return nil, fault.New(fault.Invalid, "本机有%d个会场，请先选择会场", len(h.Rooms))
	}
	return nil, fault.New(fault.NotFound, "本机没有会场“%s”，请核对会场", session)
}

// Keys are the public halves of the laptop's keys, for the screen that prepares it.
func (h *Hub) Keys() (hub, staff, pin string) {
	return h.keys.Hub.Public(), h.keys.Staff.Public(), h.keys.Pin
}

// background runs what follows another's log until the hub is closed.
func (h *Hub) background(fn func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn(ctx)
	}()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stop = append(h.stop, func() { cancel(); <-done })
}

// Close ends following and closes the logs.
func (h *Hub) Close() (err error) {
	h.mu.Lock()
	stop := h.stop
	h.stop = nil
	h.mu.Unlock()
	for _, fn := range stop {
		fn()
	}
	for _, d := range h.Rooms {
		err = errors.Join(err, d.box.Close())
	}
	return err
}

// codesFile is what staff hands out on paper. An earlier version of the program had one session, whose codes stood in Codes.
type codesFile struct {
	Pairing  string
	Codes    map[string]string            `json:",omitempty"`
	Sessions map[string]map[string]string // one-time codes by session and expert
}

func (h *Hub) codesPath() string { return filepath.Join(h.dir, "codes.json") }

// readCodes reads the pairing code and the experts' one-time codes, or makes the pairing code; they stay the same over a restart.
func (h *Hub) readCodes() error {
	b, err := os.ReadFile(h.codesPath())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err == nil {
		if err := json.Unmarshal(b, &h.codes); err != nil {
			return fault.New(fault.Invalid, "签到码文件 codes.json 已损坏，请联系技术人员")
		}
	}
	if h.codes.Sessions == nil {
		h.codes.Sessions = map[string]map[string]string{}
	}
	if h.Pairing = h.codes.Pairing; h.Pairing != "" {
		return nil
	}
	h.Pairing = digits(6)
	h.codes.Pairing = h.Pairing
	return h.writeCodes()
}

func (h *Hub) writeCodes() error {
	b, err := json.Marshal(h.codes)
	if err != nil {
		return err
	}
	return writeDurably(h.codesPath(), b)
}

// makeCodes gives every expert of a package a one-time code who has none.
func (h *Hub) makeCodes(p *ballot.Package) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	codes := h.codes.Sessions[p.Session]
	if codes == nil {
		codes = map[string]string{}
	}
	n := len(codes)
	for _, e := range p.Experts {
		if codes[e.ID] == "" {
			if codes[e.ID] = h.codes.Codes[e.ID]; codes[e.ID] == "" {
				codes[e.ID] = digits(8)
			}
		}
	}
	if len(codes) == n {
		return nil
	}
	h.codes.Sessions[p.Session], h.codes.Codes = codes, nil
	return h.writeCodes()
}

// setCode makes a code an expert's; it is durable before it is good.
func (h *Hub) setCode(session, expert, code string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	codes := h.codes.Sessions[session]
	if codes == nil {
		codes = map[string]string{}
		h.codes.Sessions[session] = codes
	}
	codes[expert] = code
	return h.writeCodes()
}

func digits(n int) string {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	v, err := rand.Int(rand.Reader, most)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return fmt.Sprintf("%0*d", n, v)
}

// adopt makes a hub's codes this laptop's own, as its spare.
func (h *Hub) adopt(session string, codes map[string]string, pairing string) (changed bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if maps.Equal(h.codes.Sessions[session], codes) && (pairing == "" || h.codes.Pairing == pairing) {
		return false, nil
	}
	h.codes.Sessions[session] = codes
	if pairing != "" {
		h.codes.Pairing, h.Pairing = pairing, pairing
	}
	return true, h.writeCodes()
}

// PairingCode is the code that a booth needs to talk to this laptop: the hub's own, and on a spare that has followed the hub the hub's.
func (h *Hub) PairingCode() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.codes.Pairing
}

// paired reports whether a booth knows the pairing code.
func (h *Hub) paired(code string) bool {
	a, b := sha256.Sum256([]byte(code)), sha256.Sum256([]byte(h.PairingCode()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
