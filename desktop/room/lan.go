package room

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"time"

	"connectrpc.com/connect"

	roomv1 "zhiping/proto/gen/zhiping/room/v1"
	"zhiping/proto/gen/zhiping/room/v1/roomv1connect"
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

// pairingHeader carries the pairing code of a booth.
const pairingHeader = "Zhiping-Pairing"

// newCertificate makes the hub's certificate; booths trust it by its fingerprint in the package alone.
func newCertificate() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "zhiping-hub"}, DNSNames: []string{"zhiping-hub"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), // no rule of the room reads a clock
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	b, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return append(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: b})...), nil
}

func pinOf(cert []byte) (string, error) {
	block, _ := pem.Decode(cert)
	if block == nil {
		return "", fault.New(fault.Invalid, "主机证书已损坏，请重新生成主机密钥")
	}
	sum := sha256.Sum256(block.Bytes)
	return hex.EncodeToString(sum[:]), nil
}

// Serve answers booths on a listener until the context ends.
func (h *Hub) Serve(ctx context.Context, l net.Listener) error {
	cert, err := tls.X509KeyPair(h.keys.Cert, h.keys.Cert)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle(roomv1connect.NewRoomServiceHandler(&lan{h: h}, connect.WithInterceptors(guard{h}), connect.WithReadMaxBytes(2<<20)))
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &http.Server{
		Handler: mux, TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}, ReadHeaderTimeout: 20 * time.Second,
		BaseContext: func(net.Listener) context.Context { return stop },
	}
	done := make(chan error, 1)
	go func() { done <- s.ServeTLS(l, "", "") }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		cancel()
		limit, end := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer end()
		return s.Shutdown(limit)
	}
}

// guard lets in who knows the pairing code, and turns faults into wire errors.
type guard struct{ h *Hub }

func (g guard) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		if !g.h.paired(req.Header().Get(pairingHeader)) {
			return nil, wire.Encode(fault.New(fault.Denied, "配对码不正确，请向会务人员核对"), 0)
		}
		resp, err := next(ctx, req)
		if f := fault.As(err); f != nil {
			return nil, wire.Encode(f, 0)
		}
		return resp, err
	}
}

func (g guard) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func (g guard) WrapStreamingHandler(connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(context.Context, connect.StreamingHandlerConn) error {
		return connect.NewError(connect.CodeUnimplemented, errors.New("no streams in a room"))
	}
}

// lan implements roomv1connect.RoomServiceHandler.
type lan struct {
	roomv1connect.UnimplementedRoomServiceHandler
	h *Hub
}

func (s *lan) GetPackage(context.Context, *roomv1.GetPackageRequest) (*roomv1.GetPackageResponse, error) {
	return &roomv1.GetPackageResponse{Package: s.h.Session.Log()[0]}, nil
}

func (s *lan) CheckIn(ctx context.Context, r *roomv1.CheckInRequest) (*roomv1.CheckInResponse, error) {
	receipt, err := s.h.CheckIn(ctx, r.Object)
	if err != nil {
		return nil, err
	}
	return &roomv1.CheckInResponse{Receipt: receipt.Text()}, nil
}

func (s *lan) Submit(ctx context.Context, r *roomv1.SubmitRequest) (*roomv1.SubmitResponse, error) {
	if _, err := ballot.ParseEnvelope(r.Object); err != nil {
		return nil, err
	}
	receipt, err := s.h.Append(ctx, r.Object)
	if err != nil {
		return nil, err
	}
	return &roomv1.SubmitResponse{Receipt: receipt.Text()}, nil
}

// longest is how long a status waits for the log to grow.
const longest = 20 * time.Second

func (s *lan) GetStatus(ctx context.Context, r *roomv1.GetStatusRequest) (*roomv1.GetStatusResponse, error) {
	timer := time.NewTimer(longest)
	defer timer.Stop()
	for {
		wait := s.h.Grown()
		resp, err := s.h.Status()
		if err != nil || r.After == 0 || resp.Size > r.After {
			return resp, err
		}
		select {
		case <-wait:
		case <-timer.C:
			return resp, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Status is what the room may know: who is there and who has submitted, never what.
func (h *Hub) Status() (*roomv1.GetStatusResponse, error) {
	size, _, err := h.Session.Head()
	if err != nil {
		return nil, err
	}
	resp := &roomv1.GetStatusResponse{Size: size}
	h.Session.View(func(s *ballot.State) {
		for _, spec := range s.Package.Rounds {
			r := s.Rounds[spec.ID]
			x := &roomv1.Round{Id: spec.ID, State: r.State, Present: r.Present}
			if r.State == ballot.RoundReady {
				x.Present = s.Present()
			}
			for _, e := range s.Counted(spec.ID) {
				x.Submitted = append(x.Submitted, e.Expert)
			}
			resp.Rounds = append(resp.Rounds, x)
		}
	})
	resp.Checkpoint, err = h.Session.Checkpoint()
	return resp, err
}

// columns reads the columns of every round that has been counted.
func (h *Hub) columns() (map[string][]byte, error) {
	all := map[string][]byte{}
	for _, r := range h.Package.Rounds {
		b, err := os.ReadFile(h.columnsFile(r.ID))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all[r.ID] = b
	}
	return all, nil
}

// Background runs fn beside the caller and gives its error when it ends.
func Background(fn func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- fn() }()
	return done
}
