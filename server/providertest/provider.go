// Package providertest runs real OpenID Connect providers for tests, and a browser that fills in their login forms: zitadel's example in process,
// and dex as a process of its own.
package providertest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/text/language"

	"zhiping/server/session"
)

// Password is that of everybody at the providers.
const Password = "at-the-platform-1"

// A Person is somebody whom a provider knows.
type Person struct {
	Subject string
	Login   string // what is typed into its form; of zitadel's example it stands in the claim preferred_username
	Name    string
	Phone   string
}

// people is a user store of zitadel's example.
type people map[string]*storage.User

func (p people) GetUserByID(id string) *storage.User { return p[id] }
func (p people) ExampleClientID() string             { return "service" }
func (p people) GetUserByUsername(name string) *storage.User {
	for _, u := range p {
		if u.Username == name {
			return u
		}
	}
	return nil
}

// Zitadel starts zitadel's example provider, a public client with PKCE. The number of the ID is what people sign in with there.
func Zitadel(t testing.TB, id string, all ...Person) session.ProviderConfig {
	t.Helper()
	known := people{}
	for _, p := range all {
		known[p.Subject] = &storage.User{ID: p.Subject, Username: p.Login, Password: Password, FirstName: p.Name, Phone: p.Phone, PhoneVerified: true, PreferredLanguage: language.Chinese}
	}
	client := storage.NativeClient("zhiping", "http://127.0.0.1/callback")
	web := httptest.NewUnstartedServer(nil)
	issuer := "http://" + web.Listener.Addr().String()
	web.Config.Handler = exampleop.SetupServer(issuer, storage.NewStorageWithClients(known, map[string]*storage.Client{"zhiping": client}), nil, false)
	web.Start()
	t.Cleanup(web.Close)
	return session.ProviderConfig{ID: id, Label: "内网登录", Issuer: issuer, ClientID: "zhiping", NumberClaim: "preferred_username", NameClaim: "given_name"}
}

// Dex builds and starts dex, with a client that has a secret and any port on loopback. It says no number of the ID.
func Dex(t testing.TB, id string, all ...Person) session.ProviderConfig {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "dex")
	build := exec.Command("go", "build", "-o", program, "github.com/dexidp/dex/cmd/dex")
	build.Dir = filepath.Join(root(t), "packaging", "tools", "dex")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build dex: %v\n%s", err, out)
	}
	address := free(t)
	issuer := "http://" + strings.Replace(address, "127.0.0.1", "localhost", 1) + "/dex"
	hash, err := bcrypt.GenerateFromPassword([]byte(Password), bcrypt.DefaultCost)
	if err != nil {
		t.Fatal(err)
	}
	var c strings.Builder
	fmt.Fprintf(&c, "issuer: %s\nstorage: {type: memory}\nweb: {http: %q}\noauth2: {skipApprovalScreen: true}\nenablePasswordDB: true\n", issuer, address)
	fmt.Fprintf(&c, "staticClients:\n- {id: zhiping, secret: dex-secret, name: 职评通, public: true}\nstaticPasswords:\n")
	for _, p := range all {
		fmt.Fprintf(&c, "- {email: %q, hash: %q, username: %q, userID: %q}\n", p.Login, hash, p.Name, p.Subject)
	}
	config := filepath.Join(dir, "dex.yaml")
	if err := os.WriteFile(config, []byte(c.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	said := &strings.Builder{}
	cmd := exec.Command(program, "serve", config)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Log(said)
		}
	})
	answers(t, issuer+"/.well-known/openid-configuration")
	return session.ProviderConfig{ID: id, Label: "法人登录", Issuer: issuer, ClientID: "zhiping", ClientSecret: "dex-secret", Scopes: []string{"profile"}}
}

// root is the folder of the module.
func root(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

// free is an address that nobody listens on.
func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// answers waits until a process answers.
func answers(t testing.TB, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		resp, err := http.Get(url)
		if err == nil {
			resp.Body.Close()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(url, "does not answer:", err)
		}
	}
}

var (
	formAction = regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)"`)
	formHidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)
)

// Browse is the browser of a person: it opens an address, signs in in the provider's form and follows every redirect, the one to the desktop too. It
// gives the page it ends at.
func Browse(address, login, password string) (page string, err error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	browser := &http.Client{Jar: jar, Timeout: 20 * time.Second}
	resp, err := browser.Get(address)
	if err != nil {
		return "", err
	}
	page, at, err := read(resp)
	action := formAction.FindStringSubmatch(page)
	if err != nil || action == nil {
		return page, err
	}
	to, err := at.Parse(strings.ReplaceAll(action[1], "&amp;", "&"))
	if err != nil {
		return "", err
	}
	values := url.Values{"username": {login}, "login": {login}, "password": {password}}
	for _, h := range formHidden.FindAllStringSubmatch(page, -1) {
		values.Set(h[1], h[2])
	}
	if resp, err = browser.PostForm(to.String(), values); err != nil {
		return "", err
	}
	page, _, err = read(resp)
	return page, err
}

func read(resp *http.Response) (string, *url.URL, error) {
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), resp.Request.URL, err
}
