package demo

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"connectrpc.com/connect"

	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/proto/gen/zhiping/session/v1/sessionv1connect"
	"zhiping/shared/wire"
)

// server is the real zhiping-server as a process of its own.
type server struct {
	program, data string
	log           *os.File
	cmd           *exec.Cmd
	address, pin  string
	key           string // public key, hex
}

// start starts the server with its clock beginning on a date, and waits until it listens.
func (s *server) start(date string) error {
	listen := "127.0.0.1:0"
	if s.address != "" {
		listen = s.address
	}
	s.cmd = exec.Command(s.program, "serve", "--data", s.data, "--listen", listen, "--demonstration-date", date)
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return errors.Join(fmt.Errorf("the server did not start; see %s", s.log.Name()), s.cmd.Wait())
	}
	_, err = fmt.Sscanf(line, "listening on %s certificate %s key %s", &s.address, &s.pin, &s.key)
	return err
}

// stop asks the server to stop and waits for it.
func (s *server) stop() error {
	if s.cmd == nil {
		return nil
	}
	cmd := s.cmd
	s.cmd = nil
	return errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait())
}

// http is a client that trusts the server's own certificate by its fingerprint.
func (s *server) http() *http.Client {
	pin := s.pin
	return &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{
		MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, //nolint:gosec // the fingerprint below decides instead
		VerifyConnection: func(c tls.ConnectionState) error {
			sum := sha256.Sum256(c.PeerCertificates[0].Raw)
			if hex.EncodeToString(sum[:]) != pin {
				return errors.New("another server's certificate")
			}
			return nil
		},
	}}}
}

// A person is somebody who is signed in, with the clients of a desktop.
type person struct {
	s        *server
	account  string
	password string
	identity *sessionv1.Identity
	token    string
	http     *http.Client
	url      string
	opts     []connect.ClientOption
}

// person signs somebody in for the first time; whoever did not choose the password changes it.
func (s *server) person(ctx context.Context, account, password string) (*person, error) {
	p := &person{s: s, account: account, password: password, http: s.http(), url: "https://" + s.address}
	p.opts = []connect.ClientOption{connect.WithInterceptors(wire.NewClient(id(), func() string { return p.token }))}
	if err := p.signIn(ctx); err != nil || !p.identity.MustChange {
		return p, err
	}
	if _, err := p.sessions().ChangePassword(ctx, &sessionv1.ChangePasswordRequest{OldPassword: p.password, NewPassword: Password}); err != nil {
		return nil, err
	}
	p.password = Password
	return p, p.signIn(ctx)
}

func (p *person) sessions() sessionv1connect.SessionServiceClient {
	return sessionv1connect.NewSessionServiceClient(p.http, p.url, p.opts...)
}

// signIn signs in again, after the server's clock has moved past the end of the session.
func (p *person) signIn(ctx context.Context) error {
	p.http = p.s.http()
	resp, err := p.sessions().SignIn(ctx, &sessionv1.SignInRequest{Account: p.account, Password: p.password, Device: "演示（虚构）"})
	if err != nil {
		return fmt.Errorf("%s: %w", p.account, err)
	}
	p.token, p.identity = resp.Token, resp.Identity
	return nil
}

// run runs one of the programs and gives what it wrote to its standard output.
func run(program string, args ...string) (string, error) { return runWith(nil, program, args...) }

// runWith is run with more in its environment.
func runWith(env []string, program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), env...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("%s %v: %w\n%s%s", filepath.Base(program), args, err, out, &said)
	}
	return string(out), nil
}
