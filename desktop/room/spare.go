package room

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"

	"connectrpc.com/connect"

	"zhiping/proto/gen/zhiping/room/v1/roomv1connect"
	"zhiping/shared/fault"
	"zhiping/shared/wire"
)

// Follow copies the logs of a hub on the LAN from now on, as its spare. Each knows the other by the fingerprint that the package names.
func (h *Hub) Follow(address string) error {
	cert, err := tls.X509KeyPair(h.keys.Cert, h.keys.Cert)
	if err != nil {
		return err
	}
	for _, d := range h.Rooms {
		if d.remote != nil || d.room.Session.Sequencer() {
			continue
		}
		talk := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert},
			InsecureSkipVerify: true, //nolint:gosec // the fingerprint decides instead
			VerifyConnection: func(s tls.ConnectionState) error {
				if sum := sha256.Sum256(s.PeerCertificates[0].Raw); hex.EncodeToString(sum[:]) != d.Whole.TLS {
					return fault.New(fault.Denied, "连接的不是本次会议的主机，请核对主机地址")
				}
				return nil
			},
		}}}
		with := connect.WithInterceptors(faults{})
		of := &source{
			desk: roomv1connect.NewDeskServiceClient(talk, "https://"+address, with), room: roomv1connect.NewRoomServiceClient(talk, "https://"+address, with),
			codes: func(ctx context.Context) ([]byte, error) { return getCodes(ctx, talk, address, d.Session) },
		}
		h.background(func(ctx context.Context) { d.follow(ctx, of) })
	}
	return nil
}

// getCodes asks the hub for the codes of a session.
func getCodes(ctx context.Context, c *http.Client, address, session string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+codesPath+"?session="+url.QueryEscape(session), nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, fault.New(fault.Offline, "无法连接主机，请检查网络和主机地址")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fault.New(fault.Denied, "主机没有给出签到码：本机不是会议包指定的备用主机")
	}
	return io.ReadAll(io.LimitReader(resp.Body, 1<<20))
}

// faults is the spare's interceptor: it turns what comes back into faults.
type faults struct{}

func (faults) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		resp, err := next(ctx, req)
		if f := fault.As(err); f != nil {
			return resp, f // of the certificate
		}
		return resp, wire.Decode(ctx, err)
	}
}

func (faults) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func (faults) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}
