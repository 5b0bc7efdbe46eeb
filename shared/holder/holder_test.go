package holder

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

const (
	passphrase = "correct horse 7"
	quick      = 10 // scrypt's work factor in tests
)

func made(t testing.TB, name string) *Holder {
	t.Helper()
	h, err := New(name)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func saved(t testing.TB) (*Holder, string) {
	t.Helper()
	h, path := made(t, "王保管（虚构）"), filepath.Join(t.TempDir(), "密钥.zpk")
	if err := h.Save(path, passphrase, quick); err != nil {
		t.Fatal(err)
	}
	return h, path
}

// refused checks code and words of a message to a person.
func refused(t testing.TB, err error, code fault.Code, words ...string) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Errorf("%v is no %s", err, code)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

func TestKeyFileOpensAgain(t *testing.T) {
	h, path := saved(t)
	i, err := os.Stat(path)
	if err != nil || i.Mode().Perm() != 0o600 {
		t.Error(i.Mode(), err)
	}
	again, err := Load(path, passphrase)
	if err != nil || again.Public() != h.Public() || again.Name != h.Name || again.Drill() != nil {
		t.Fatal(again, err)
	}
	if !again.Key(ballot.RoleChair).Private.Equal(h.signing) || again.Key(ballot.RoleChair).Role != ballot.RoleChair {
		t.Error("not the same key")
	}
	s := again.Custodian("K2", "监督人员")
	if s.ID != "K2" || s.Role != "监督人员" || s.Name != h.Name || !s.Sign.Private.Equal(h.custodian) {
		t.Error(s)
	}
	// Each purpose has its own seed.
	if h.signing.Equal(h.custodian) {
		t.Error("one key for two purposes")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	private, err := h.seal.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range [][]byte{h.signing.Seed(), h.custodian.Seed(), private} {
		if bytes.Contains(b, secret) || bytes.Contains(b, []byte(hex.EncodeToString(secret))) || bytes.Contains(b, []byte(h.Name)) {
			t.Error("the file shows what it keeps")
		}
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Error("something was left beside the file:", left, err)
	}
}

// Not found, wrong passphrase and damaged each have their own words; no single damaged byte is taken for a wrong passphrase.
func TestWhatIsWrongWithAKeyFile(t *testing.T) {
	_, path := saved(t)
	_, err := Load(path, "correct horse 8")
	refused(t, err, fault.Denied, "口令不正确")
	_, err = Load(path, "")
	refused(t, err, fault.Denied, "请输入", "口令")
	_, err = Load(path+"x", passphrase)
	refused(t, err, fault.NotFound, "找不到密钥文件", "U盘")
	_, err = Load(filepath.Join(path+"-stick", "密钥.zpk"), passphrase)
	refused(t, err, fault.NotFound, "找不到文件夹", "U盘")
	_, err = Load(filepath.Dir(path), passphrase)
	refused(t, err, fault.NotFound, "找不到密钥文件")

	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		bad := bytes.Clone(b)
		bad[i] ^= 1
		_, err := parse(bad, passphrase, path)
		if version := len("zp-key/"); i == version {
			refused(t, err, fault.Invalid, "更新版本")
			continue
		}
		if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), "已损坏") {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	for n := range b {
		if _, err := parse(b[:n], passphrase, path); fault.CodeOf(err) != fault.Invalid {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	if err := os.WriteFile(path, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Load(path, passphrase)
	refused(t, err, fault.Invalid, "不是密钥文件")
}

func TestPassphraseRule(t *testing.T) {
	h, path := made(t, "甲"), filepath.Join(t.TempDir(), "k")
	for bad, words := range map[string]string{"": "至少10个", "九个字符的口令呀呀": "至少10个字符，现有9个", " 0123456789": "空格", "0123456789 ": "空格", "aaaaaaaaaaaa": "同一个字符"} {
		err := h.Save(path, bad, quick)
		refused(t, err, fault.Invalid, words)
		if _, err := os.Stat(path); err == nil {
			t.Fatal("written under", bad)
		}
	}
	if err := h.Save(path, "十个字符的口令正好够", quick); err != nil {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	for bad, words := range map[string]string{"": "请填写", "  ": "请填写", "-": "请填写", "甲|乙": "竖线", "甲\n乙": "换行", strings.Repeat("字", 31): "最多30个字，现有31个"} {
		_, err := New(bad)
		refused(t, err, fault.Invalid, words)
	}
	if h := made(t, " 欧阳 某 "); h.Name != "欧阳 某" {
		t.Errorf("%q", h.Name)
	}
}

// What is there already is never written over, and where nothing can be written the message says why and nothing is left.
func TestSaveRefuses(t *testing.T) {
	h, path := saved(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, made(t, "乙").Save(path, passphrase, quick), fault.State, "已经存在", "不覆盖")
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Error("the old key is gone", err)
	}
	refused(t, h.Save(filepath.Join(path+"-stick", "k"), passphrase, quick), fault.NotFound, "找不到文件夹", "U盘")
	refused(t, h.Save(filepath.Join(path, "k"), passphrase, quick), fault.NotFound, "找不到文件夹")
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "k.new", "full"), 0o700); err != nil { // the file beside it cannot be written
		t.Fatal(err)
	}
	if err := h.Save(filepath.Join(dir, "k"), passphrase, quick); fault.As(err) == nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "k")); err == nil {
		t.Error("an empty key file was left")
	}
}

// What a power cut leaves between taking the name and writing the key is no key: the next one can be written there, and an empty file says so.
func TestSaveAfterAPowerCut(t *testing.T) {
	h, path := made(t, "甲"), filepath.Join(t.TempDir(), "k")
	for name, b := range map[string][]byte{path: nil, path + ".new": []byte("half a k")} {
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Load(path, passphrase)
	refused(t, err, fault.Invalid, "已损坏")
	if err := h.Save(path, passphrase, quick); err != nil {
		t.Fatal(err)
	}
	if again, err := Load(path, passphrase); err != nil || again.Public() != h.Public() {
		t.Error(err)
	}
	if i, err := os.Stat(path); err != nil || i.Mode().Perm() != 0o600 {
		t.Error(i.Mode(), err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Error(left, err)
	}
}

// A process that is killed while it writes leaves the whole key or none that opens, and never stands in the way of the next one.
func TestKilledWhileWriting(t *testing.T) {
	const variable = "ZHIPING_TEST_KILLED"
	if dir := os.Getenv(variable); dir != "" {
		os.Stdout.WriteString("begun\n")
		for h := made(t, "甲"); ; {
			if err := h.Save(filepath.Join(dir, "k"), passphrase, 1); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(dir, "k")); err != nil {
				t.Fatal(err)
			}
		}
	}
	for n := range 12 {
		dir := t.TempDir()
		cmd := exec.Command(os.Args[0], "-test.run", "^TestKilledWhileWriting$")
		cmd.Env = append(os.Environ(), variable+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 6)); err != nil {
			t.Fatal(err)
		}
		seen := 0
		for deadline := time.Now().Add(10 * time.Second); seen <= n && time.Now().Before(deadline); { // killed at another place each time
			if i, err := os.Stat(filepath.Join(dir, []string{"k", "k.new", "k"}[n%3])); err == nil && (n%3 < 2 || i.Size() > 0) {
				seen++
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		path := filepath.Join(dir, "k")
		if b, err := os.ReadFile(path); err == nil && len(b) > 0 {
			if _, err := Load(path, passphrase); err != nil {
				t.Error("half a key:", err)
			}
			continue
		}
		if err := made(t, "乙").Save(path, passphrase, quick); err != nil {
			t.Error("the next one cannot be written:", err)
		}
	}
}

// A write is checked by what comes back from the medium: a check that fails takes the file away again.
func TestWriteNewTakesBackWhatDoesNotCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k")
	wrong := errors.New("not what was written")
	var got []byte
	err := WriteNew(path, []byte("bytes"), func(b []byte) error { got = b; return wrong })
	if string(got) != "bytes" || fault.CodeOf(err) != fault.State || !strings.Contains(err.Error(), wrong.Error()) {
		t.Error(string(got), err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 0 {
		t.Error(left, err)
	}
}

// The kinds of files that were made before are read as they were: the golden custodians' files have the keys that the golden package names.
func TestOldFiles(t *testing.T) {
	record, err := os.ReadFile(filepath.Join("..", "ballot", "testdata", "record.zpr"))
	if err != nil {
		t.Fatal(err)
	}
	seed := sha256.Sum256([]byte{1}) // as in package ballottest, which imports this one
	server := ballot.Key{Role: ballot.RoleServer, Private: ed25519.NewKeyFromSeed(seed[:])}
	v, err := ballot.Verify(record, server.Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, i := range map[string]int{"k1.age": 0, "k3.age": 2} {
		path, want := filepath.Join("..", "ballot", "testdata", name), v.State.Package.Custodians[i]
		h, err := Open(path, "golden-passphrase")
		if err != nil {
			t.Fatal(err)
		}
		s := h.Custodian("", "")
		if got := s.Public(); h.Signs() || got.ID != want.ID || got.Role != want.Role || got.Name != want.Name || got.SignKey != want.SignKey ||
			!bytes.Equal(got.SealKey, want.SealKey) || h.Drill() != nil {
			t.Error(name, got.ID, got.Name)
		}
		if again, err := h.CustodianOf(v.State.Package); err != nil || again.ID != want.ID {
			t.Error(name, err)
		}
		_, err = Open(path, "golden-passphrase-not")
		refused(t, err, fault.Denied, "口令不正确")
		_, err = OpenKey(path, "golden-passphrase", ballot.RoleChair)
		refused(t, err, fault.Invalid, "旧的保管人密钥文件", "执行主任")
		_, err = Load(path, "golden-passphrase")
		refused(t, err, fault.Invalid, "旧格式")
	}
	k, err := ballot.NewKey(ballot.RoleChair, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "chair.key")
	if err := os.WriteFile(path, []byte(hex.EncodeToString(k.Private.Seed())+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := OpenKey(path, "", ballot.RoleChair)
	if err != nil || got.Public() != k.Public() || got.Role != ballot.RoleChair {
		t.Error(got, err)
	}
	_, err = OpenCustodian(path, "")
	refused(t, err, fault.Invalid, "旧的签字密钥文件")
	if err := os.WriteFile(path, []byte("no key at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(path, "")
	refused(t, err, fault.Invalid, "已损坏")
}

// A key file is only used for the person whom the meeting names.
func TestOfAMeeting(t *testing.T) {
	chair, other := made(t, "主任（虚构）"), made(t, "别人（虚构）")
	public := chair.Public()
	seal, err := hex.DecodeString(public.Seal)
	if err != nil {
		t.Fatal(err)
	}
	p := &ballot.Package{Chair: public.Signing, Staff: []string{other.Public().Signing}, Custodians: []ballot.Custodian{{ID: "K1", Name: chair.Name, Role: "执行主任", SignKey: public.Custodian, SealKey: seal}}}
	if k, err := chair.Of(p, ballot.RoleChair); err != nil || k.Public() != p.Chair {
		t.Error(k, err)
	}
	if k, err := other.Of(p, ballot.RoleStaff); err != nil || k.Role != ballot.RoleStaff {
		t.Error(k, err)
	}
	_, err = other.Of(p, ballot.RoleChair)
	refused(t, err, fault.Denied, "不是本次会议执行主任")
	_, err = chair.Of(p, ballot.RoleSupervisor)
	refused(t, err, fault.Denied, "监督人员")
	s, err := chair.CustodianOf(p)
	if err != nil || s.ID != "K1" || s.Role != "执行主任" || s.Public().SignKey != public.Custodian {
		t.Error(s, err)
	}
	_, err = other.CustodianOf(p)
	refused(t, err, fault.Denied, "不是本次会议密钥保管人")
}

// What the server seals is opened from the line of text that a custodian was given, and the server takes the answer; anybody else's keys fail.
func TestDrillAnswer(t *testing.T) {
	h := made(t, "甲（虚构）")
	c := h.Custodian("K1", "执行主任").Public()
	plain := make([]byte, 32)
	if _, err := rand.Read(plain); err != nil {
		t.Fatal(err)
	}
	envelope, err := ballot.DrillChallenge(c, plain)
	if err != nil {
		t.Fatal(err)
	}
	challenge := ChallengeText("meeting-1", envelope)
	text, err := h.Answer(challenge[:900] + "\r\n" + challenge[900:] + "\n") // as mail breaks it
	if err != nil {
		t.Fatal(err)
	}
	meeting, key, answer, err := ParseAnswer(text + "\n")
	if err != nil || meeting != "meeting-1" || key != c.SignKey || ballot.CheckDrill(c, meeting, plain, answer) != nil {
		t.Error(meeting, key, err)
	}
	if ballot.CheckDrill(c, "meeting-2", plain, answer) == nil || ballot.CheckDrill(c, meeting, append([]byte{1}, plain[1:]...), answer) == nil {
		t.Error("the answer is good for another drill")
	}
	_, err = made(t, "乙（虚构）").Answer(challenge)
	refused(t, err, fault.Invalid, "打不开", "乙")
	for bad, words := range map[string]string{"": "请粘贴", "hello": "不是试开内容", challenge[:200]: "不完整", strings.Replace(challenge, "meeting-1", "meeting-2", 1): "有改动", checked(drillFormat, "m", "xx"): "不正确"} {
		_, err := h.Answer(bad)
		refused(t, err, fault.Invalid, words)
	}
	_, err = h.Answer(ChallengeText("m", []byte{1}))
	refused(t, err, fault.Invalid, "打不开")
	for bad, words := range map[string]string{"": "请粘贴试开结果", challenge: "不是试开结果", text[:200]: "不完整", strings.Replace(text, "meeting-1", "meeting-2", 1): "有改动", checked(answerFormat, "m", key, "00"): "不正确"} {
		_, _, _, err := ParseAnswer(bad)
		refused(t, err, fault.Invalid, words)
	}
}
