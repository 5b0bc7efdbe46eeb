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
	"time"

	"connectrpc.com/connect"

	"zhiping/proto/gen/zhiping/room/v1/roomv1connect"
	"zhiping/shared/fault"
	"zhiping/shared/room"
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

// Serve answers booths and the spare on a listener until the context ends.
func (h *Hub) Serve(ctx context.Context, l net.Listener) error {
	cert, err := tls.X509KeyPair(h.keys.Cert, h.keys.Cert)
	if err != nil {
		return err
	}
	handler := &room.Handler{Find: h.find, List: h.list}
	mux := http.NewServeMux()
	most := connect.WithReadMaxBytes(2 << 20)
	path, booths := roomv1connect.NewRoomServiceHandler(handler, connect.WithInterceptors(guard{h.maySit}), most)
	mux.Handle(path, shown(booths))
	path, desk := roomv1connect.NewDeskServiceHandler(handler, connect.WithInterceptors(guard{maySpare}), most)
	mux.Handle(path, shown(desk))
	mux.Handle("GET "+codesPath, shown(http.HandlerFunc(h.serveCodes)))
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &http.Server{
		Handler: mux, ReadHeaderTimeout: 20 * time.Second, BaseContext: func(net.Listener) context.Context { return stop },
		// A booth has no certificate; the spare shows its own, which the package names by its fingerprint.
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13, ClientAuth: tls.RequestClientCert},
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

// spareKey is the context's fingerprint of the certificate that a caller has shown: the spare's, or nobody's.
type spareKey struct{}

func shown(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
			sum := sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
			r = r.WithContext(context.WithValue(r.Context(), spareKey{}, hex.EncodeToString(sum[:])))
		}
		next.ServeHTTP(w, r)
	})
}

// codesPath is where the spare gets the one-time codes and the pairing code: they are no objects of the log.
const codesPath = "/spare/codes"

func (h *Hub) serveCodes(w http.ResponseWriter, r *http.Request) {
	d, err := h.Room(r.URL.Query().Get("session"))
	if pin, spare := r.Context().Value(spareKey{}).(string); err != nil || !spare || pin != d.Whole.SpareTLS {
		http.Error(w, "只有备用主机可以读取签到码", http.StatusForbidden)
		return
	}
	w.Write(d.codesText()) //nolint:errcheck // the spare asks again
}

// find is the room of a session; to the spare only those it stands in for exist.
func (h *Hub) find(ctx context.Context, session string) (*room.Room, error) {
	d, err := h.Room(session)
	if err != nil {
		return nil, err
	}
	if pin, spare := ctx.Value(spareKey{}).(string); spare && pin != d.Whole.SpareTLS {
		return nil, fault.New(fault.Denied, "这台电脑不是会议包指定的备用主机")
	}
	return d.room, nil
}

func (h *Hub) list(context.Context) (all []*room.Room, err error) {
	for _, d := range h.Rooms {
		all = append(all, d.room)
	}
	return all, nil
}

// maySit lets booths in that know the pairing code, and the spare that copies columns.
func (h *Hub) maySit(ctx context.Context, req connect.AnyRequest) error {
	_, spare := ctx.Value(spareKey{}).(string)
	if spare && req.Spec().Procedure == roomv1connect.RoomServiceGetColumnsProcedure {
		return nil
	}
	if !h.paired(req.Header().Get(pairingHeader)) {
		return fault.New(fault.Denied, "配对码不正确，请向会务人员核对")
	}
	return nil
}

// maySpare lets the spare read the log, and nothing else: staff's steps are taken on the hub itself.
func maySpare(ctx context.Context, req connect.AnyRequest) error {
	if _, shown := ctx.Value(spareKey{}).(string); !shown || req.Spec().Procedure != roomv1connect.DeskServiceGetLogProcedure {
		return fault.New(fault.Denied, "只有备用主机可以读取会议记录；其他操作请在会场主机上进行")
	}
	return nil
}

// guard refuses who may not call, and turns faults into wire errors.
type guard struct {
	may func(context.Context, connect.AnyRequest) error
}

func (g guard) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (resp connect.AnyResponse, err error) {
		if err = g.may(ctx, req); err == nil {
			resp, err = next(ctx, req)
		}
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

// Background runs fn beside the caller and gives its error when it ends.
func Background(fn func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- fn() }()
	return done
}
