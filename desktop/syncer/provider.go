package syncer

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	sessionv1 "zhiping/proto/gen/zhiping/session/v1"
	"zhiping/shared/fault"
)

// patienceAtBrowser is how long somebody may take in the browser.
const patienceAtBrowser = 5 * time.Minute

// Providers are the unified identity platforms of the server (A3).
func (c *Client) Providers(ctx context.Context) ([]*sessionv1.Provider, error) {
	resp, err := c.straight().ListProviders(ctx, &sessionv1.ListProvidersRequest{})
	return resp.GetProviders(), err
}

// SignInWith signs a person in at a unified identity platform in the system's browser (RFC 8252): the browser brings a code to a port of this
// machine, which is open as long as it is waited for; the server trades it. Somebody without a unit comes back as vouched for, to apply for one (A2). browser
// opens an address; the context ends the wait.
func (c *Client) SignInWith(ctx context.Context, provider string, browser func(address string) error) (*sessionv1.Vouched, error) {
	r := &sessionv1.SignInWithRequest{Provider: provider, Verifier: oauth2.GenerateVerifier(), Nonce: rand.Text(), Device: device()}
	back, err := waitForBrowser()
	if err != nil {
		return nil, err
	}
	defer back.close()
	r.RedirectUri = back.address
	begun, err := c.straight().BeginSignInWith(ctx, &sessionv1.BeginSignInWithRequest{Provider: provider, RedirectUri: r.RedirectUri, State: back.state, Nonce: r.Nonce, Challenge: oauth2.S256ChallengeFromVerifier(r.Verifier)})
	if err != nil {
		return nil, err
	}
	if err := openPage(begun.Url, browser); err != nil {
		return nil, err
	}
	if r.Code, err = back.wait(ctx); err != nil {
		return nil, err
	}
	resp, err := c.straight().SignInWith(ctx, r)
	if err != nil || resp.SignedIn == nil {
		return resp.GetVouched(), err
	}
	if c.Identity != nil && c.Identity.Staff.GetId() != resp.SignedIn.Identity.Staff.GetId() {
		return nil, fault.New(fault.Denied, "浏览器中登录的是另一个人。请在浏览器中退出后，用本账号重新登录")
	}
	c.account, c.password, c.provider = resp.SignedIn.Identity.Staff.GetAccount(), "", provider
	c.begun(resp.SignedIn)
	return nil, nil
}

// openPage lets the browser open a page of the web, and nothing else: the system would start programs for other addresses.
func openPage(address string, browser func(string) error) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return fault.New(fault.Invalid, "服务器给出的登录地址不正确，请联系管理员")
	}
	if err := browser(address); err != nil {
		return fault.New(fault.NotFound, "打不开浏览器，请检查本机是否安装了浏览器，或使用账号和密码登录")
	}
	return nil
}

// callback is the port that the browser brings the code to.
type callback struct {
	address, state string
	web            *http.Server
	came           chan came
}

type came struct {
	code string
	err  error
}

func waitForBrowser() (*callback, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fault.New(fault.State, "本机无法接收浏览器的登录结果，请检查安全软件的设置，或使用账号和密码登录")
	}
	b := &callback{address: "http://" + l.Addr().String() + "/callback", state: rand.Text(), came: make(chan came, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /callback", b.answer)
	b.web = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go b.web.Serve(l) //nolint:errcheck // it ends when it is closed
	return b, nil
}

// close answers what is being answered and closes the port.
func (b *callback) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if b.web.Shutdown(ctx) != nil {
		b.web.Close() //nolint:errcheck // nobody is left to hear of it
	}
}

// answer takes what the browser brings and tells the person to go back. Only the first counts.
func (b *callback) answer(w http.ResponseWriter, r *http.Request) {
	c := came{code: r.FormValue("code")}
	switch {
	case subtle.ConstantTimeCompare([]byte(r.FormValue("state")), []byte(b.state)) != 1:
		c = came{err: fault.New(fault.Denied, "浏览器返回的登录信息与本次登录不匹配，请重新登录")}
	case r.FormValue("error") == "access_denied":
		c = came{err: fault.New(fault.Denied, "您在统一身份认证平台取消了登录，或没有登录权限")}
	case r.FormValue("error") != "" || c.code == "":
		c = came{err: fault.New(fault.Denied, "统一身份认证平台没有完成登录，请重新登录；仍有问题请联系管理员")}
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	text := "登录完成，请返回职评通。本页面可以关闭。"
	if c.err != nil {
		w.WriteHeader(http.StatusBadRequest)
		text = "登录没有完成：" + c.err.Error() + "。"
	}
	io.WriteString(w, `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>职评通</title><body style="font:20px sans-serif;text-align:center;margin-top:20vh">`+text) //nolint:errcheck // the browser is gone
	select {
	case b.came <- c:
	default:
	}
}

func (b *callback) wait(ctx context.Context) (code string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patienceAtBrowser)
	defer cancel()
	select {
	case c := <-b.came:
		return c.code, c.err
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return "", context.Canceled
		}
		return "", fault.New(fault.Late, "5分钟内没有在浏览器中完成登录，请重新登录")
	}
}
