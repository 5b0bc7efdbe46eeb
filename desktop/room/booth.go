package room

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"connectrpc.com/connect"
	"filippo.io/age"

	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/proto/gen/zhiping/room/v1/roomv1connect"
	"zhiping/shared/ballot"
	"zhiping/shared/ballot/box"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

// A Booth is an expert's laptop on the room's LAN.
type Booth struct {
	Package *ballot.Package
	voter   *ballot.Voter
	client  roomv1connect.RoomServiceClient
	outbox  *box.Outbox
	now     func() int64
}

// pairing is the client's interceptor: the pairing code out, faults in.
type pairing string

func (p pairing) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		req.Header().Set(pairingHeader, string(p))
		resp, err := next(ctx, req)
		if err = wire.Decode(ctx, err); fault.CodeOf(err) == fault.Offline {
			err = fault.New(fault.Offline, "无法连接主机，请检查网络和主机地址，或联系会务人员")
		}
		return resp, err
	}
}

func (p pairing) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func (p pairing) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

// pinned is an HTTP client that trusts one certificate only.
func pinned(pin string) *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, //nolint:gosec // the fingerprint below decides instead
		VerifyConnection: func(s tls.ConnectionState) error {
			sum := sha256.Sum256(s.PeerCertificates[0].Raw)
			if hex.EncodeToString(sum[:]) != pin {
				return fault.New(fault.Denied, "连接的不是本次会议的主机，请联系会务人员")
			}
			return nil
		},
	}}}
}

// OpenBooth connects a laptop to the hub at an address ("192.168.1.2:8500"): pin is the fingerprint of its certificate, code the pairing
// code, server the key that packages are signed with. dir holds what must survive a crash: credential and sealed envelopes.
func OpenBooth(ctx context.Context, dir, address, pin, code, server string, now func() int64) (*Booth, error) {
	b := &Booth{client: roomv1connect.NewRoomServiceClient(pinned(pin), "https://"+address, connect.WithInterceptors(pairing(code))), now: now}
	resp, err := b.client.GetPackage(ctx, &roomv1.GetPackageRequest{})
	if err != nil {
		return nil, err
	}
	p, id, err := ballot.OpenPackage(resp.Package, server)
	if err != nil {
		return nil, err
	}
	if p.TLS != pin {
		return nil, fault.New(fault.Denied, "主机证书与会议包不符，请联系会务人员")
	}
	if b.outbox, err = box.OpenOutbox(ctx, filepath.Join(dir, "booth.db")); err != nil {
		return nil, err
	}
	b.Package, b.voter = p, &ballot.Voter{Package: p, PackageID: id, Device: "laptop", Random: rand.Reader}
	return b, nil
}

// Close closes the laptop's file.
func (b *Booth) Close() error { return b.outbox.Close() }

// CheckIn checks an expert in with the one-time code from staff. The credential is kept under the PIN, and the check-in as it was sent: after
// a crash of laptop or hub the same PIN goes on with them, and the code is not asked for again once it was good.
func (b *Booth) CheckIn(ctx context.Context, expert, code, pin string) error {
	if b.Package.Expert(expert) == nil {
		return fault.New(fault.Invalid, "不在本次会议的专家名单中，请核对姓名")
	}
	b.voter.Expert = expert
	if err := b.credential(ctx, pin); err != nil {
		return err
	}
	half, taken, err := b.outbox.CheckIn(ctx, expert)
	if err != nil || taken {
		return err
	}
	if half == nil {
		if half, err = b.voter.CheckIn(code, b.now()); err == nil {
			half, err = b.outbox.KeepCheckIn(ctx, expert, half)
		}
		if err != nil {
			return err
		}
	}
	if _, err = b.client.CheckIn(ctx, &roomv1.CheckInRequest{Object: half}); err == nil {
		return b.outbox.CheckInTaken(ctx, expert)
	}
	if code := fault.CodeOf(err); code != fault.Offline && code != fault.Internal {
		return errors.Join(err, b.outbox.ForgetCheckIn(ctx, expert)) // a wrong code; the next attempt may have another
	}
	return err
}

// credential opens the expert's credential with the PIN, or makes one.
func (b *Booth) credential(ctx context.Context, pin string) error {
	sealed, err := b.outbox.Credential(ctx, b.voter.Expert)
	if err != nil {
		return err
	}
	if sealed != nil {
		b.voter.Key, err = unlock(sealed, pin)
		return err
	}
	if b.voter.Key, err = ballot.NewKey(ballot.RoleExpert, rand.Reader); err != nil {
		return err
	}
	if sealed, err = lock(b.voter.Key, pin); err != nil {
		return err
	}
	return b.outbox.KeepCredential(ctx, b.voter.Expert, sealed)
}

// lockWork is the cost of the PIN's scrypt: about a tenth of a second.
const lockWork = 14

func lock(k ballot.Key, pin string) ([]byte, error) {
	r, err := age.NewScryptRecipient(pin)
	if err != nil {
		return nil, fault.New(fault.Invalid, "请设置PIN码")
	}
	r.SetWorkFactor(lockWork)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, r)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(k.Private.Seed()); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func unlock(sealed []byte, pin string) (ballot.Key, error) {
	wrong := fault.New(fault.Denied, "PIN码不正确，请重新输入")
	id, err := age.NewScryptIdentity(pin)
	if err != nil {
		return ballot.Key{}, wrong
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), id)
	if err != nil {
		return ballot.Key{}, wrong
	}
	s, err := io.ReadAll(r)
	if err != nil || len(s) != ed25519.SeedSize {
		return ballot.Key{}, wrong
	}
	return ballot.Key{Role: ballot.RoleExpert, Private: ed25519.NewKeyFromSeed(s)}, nil
}

// WaitOpen waits until a round is open for this expert; ok is false once it is past that.
func (b *Booth) WaitOpen(ctx context.Context, round string) (ok bool, err error) {
	after := int64(0)
	for {
		s, err := b.client.GetStatus(ctx, &roomv1.GetStatusRequest{After: after})
		if err != nil {
			return false, err
		}
		after = s.Size
		i := slices.IndexFunc(s.Rounds, func(r *roomv1.Round) bool { return r.Id == round })
		if i < 0 {
			return false, fault.New(fault.Invalid, "会议包中没有轮次“%s”", round)
		}
		switch r := s.Rounds[i]; r.State {
		case ballot.RoundReady:
			continue
		case ballot.RoundOpen:
			return slices.Contains(r.Present, b.voter.Expert), nil
		default:
			return false, nil
		}
	}
}

// Submit seals a ballot once, keeps it, and sends the identical bytes until a receipt of this hub for them has been verified and kept. What
// was sealed before a crash is what is sent after it.
func (b *Booth) Submit(ctx context.Context, round string, cells *ballot.Ballot) (*ballot.Receipt, error) {
	kept, receipt, err := b.outbox.Kept(ctx, round, b.voter.Expert)
	if err != nil {
		return nil, err
	}
	if receipt != nil {
		return ballot.CheckReceipt(receipt, kept, b.Package)
	}
	if kept == nil {
		e, err := b.voter.Seal(round, cells, b.now())
		if err != nil {
			return nil, err
		}
		if kept, err = b.outbox.Keep(ctx, round, b.voter.Expert, e.Raw); err != nil {
			return nil, err
		}
	}
	return b.send(ctx, round, kept)
}

// retryEvery is how long a booth waits before it sends again.
const retryEvery = 500 * time.Millisecond

func (b *Booth) send(ctx context.Context, round string, envelope []byte) (*ballot.Receipt, error) {
	t := time.NewTicker(retryEvery)
	defer t.Stop()
	for {
		resp, err := b.client.Submit(ctx, &roomv1.SubmitRequest{Object: envelope})
		if err == nil {
			r, err := ballot.CheckReceipt(resp.Receipt, envelope, b.Package)
			if err != nil {
				return nil, err
			}
			return r, b.outbox.Receipt(ctx, round, b.voter.Expert, resp.Receipt)
		}
		// A fault of the state means "not yet": the hub has just been started again, or another one took over.
		if code := fault.CodeOf(err); code != fault.Offline && code != fault.Internal && code != fault.State {
			return nil, err
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
