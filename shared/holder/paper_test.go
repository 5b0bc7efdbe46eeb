package holder

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zhiping/shared/fault"
)

var printed = time.Date(2026, 6, 30, 1, 0, 0, 0, time.UTC)

// page writes the paper as a PDF and a picture of its first sheet at a scanner's 200 dpi.
func page(t *testing.T, pdf []byte) string {
	t.Helper()
	base := filepath.Join(t.TempDir(), "paper")
	if err := os.WriteFile(base+".pdf", pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("pdftoppm", "-r", "200", "-png", base+".pdf", base).CombinedOutput(); err != nil {
		t.Fatalf("pdftoppm (poppler-utils): %v %s", err, out)
	}
	return base
}

// The paper's codes are read from its picture by a reader that is not ours, and give the file back byte for byte; so do its lines, typed from its text.
func TestPaperGivesTheKeyFileBack(t *testing.T) {
	h, path := saved(t)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pdf, err := h.Paper(printed)
	if err != nil {
		t.Fatal(err)
	}
	base := page(t, pdf)
	scanned, err := exec.Command("zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", base+"-1.png").Output()
	if err != nil {
		t.Fatal("zbarimg (zbar-tools):", err)
	}
	if b, err := Recover(string(scanned)); err != nil || !bytes.Equal(b, file) {
		t.Error("scanned:", err)
	}
	out, err := exec.Command("pdftotext", "-layout", base+".pdf", "-").Output()
	if err != nil {
		t.Fatal("pdftotext (poppler-utils):", err)
	}
	set := split(kindKey, file, keyLine)[0][:5]
	var typed []string
	for l := range strings.Lines(string(out)) {
		if strings.HasPrefix(strings.TrimSpace(l), set+" ") {
			typed = append(typed, strings.ToLower(l))
		}
	}
	if b, err := Recover(strings.Join(typed, "\n")); err != nil || !bytes.Equal(b, file) {
		t.Error("typed:", err, typed)
	}
	for _, want := range []string{h.Name, h.Public().Fingerprint(), "2026年6月30日", "口令单", "再写一遍："} {
		if !strings.Contains(strings.Join(strings.Fields(string(out)), ""), strings.Join(strings.Fields(want), "")) {
			t.Errorf("the paper does not say %q", want)
		}
	}
	if strings.Contains(string(out), passphrase) || bytes.Contains(pdf, []byte(passphrase)) {
		t.Error("the passphrase is on the paper")
	}

	_, err = Unlock(string(scanned), "correct horse 8")
	refused(t, err, fault.Denied, "口令不正确")
	again, err := Unlock(string(scanned), passphrase)
	if err != nil || again.Public() != h.Public() {
		t.Fatal(again, err)
	}
	to := filepath.Join(t.TempDir(), "again.zpk")
	refused(t, again.Copy(to, "correct horse 8"), fault.Denied, "口令不正确")
	if _, err := os.Stat(to); err == nil {
		t.Error("written without its passphrase")
	}
	if err := again.Copy(to, passphrase); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(to); err != nil || !bytes.Equal(b, file) {
		t.Error("not the file there was", err)
	}
	refused(t, again.Copy(to, passphrase), fault.State, "已经存在")
	refused(t, made(t, "丁").Copy(to+"2", passphrase), fault.State, "请先保存")
	if b, err := again.Paper(printed); err != nil || !bytes.Equal(b, pdf) {
		t.Error("another paper of the same file", err)
	}
	_, err = made(t, "丙").Paper(printed)
	refused(t, err, fault.State, "请先保存")
}

// With the longest name the paper is still two sheets with readable codes.
func TestPaperOfALongName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k")
	h := made(t, strings.Repeat("阿", maxName))
	if err := h.Save(path, passphrase, quick); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pdf, err := h.Paper(printed)
	if err != nil {
		t.Fatal(err)
	}
	base := page(t, pdf)
	if sheets, _ := filepath.Glob(base + "-*.png"); len(sheets) != 2 {
		t.Error(sheets)
	}
	scanned, err := exec.Command("zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", base+"-1.png").Output()
	if err != nil {
		t.Fatal("zbarimg (zbar-tools):", err)
	}
	if b, err := Recover(string(scanned)); err != nil || !bytes.Equal(b, file) {
		t.Error(err)
	}
}

// Every single wrong character is noticed, and said of the line in which it stands.
func TestDamagedLinesAreNamed(t *testing.T) {
	file := []byte(format + " 0000\n" + strings.Repeat("some bytes of a file. ", 20))
	lines := split(kindKey, file, keyLine)
	if b, err := Recover(strings.Join(lines, "\n")); err != nil || !bytes.Equal(b, file) {
		t.Fatal(err)
	}
	damage := func(line string, at int) string {
		c := byte('7')
		if line[at] == c {
			c = '8'
		}
		return line[:at] + string(c) + line[at+1:]
	}
	for i := range lines[4] {
		if lines[4][i] == ' ' || lines[4][i] == '-' {
			continue
		}
		bad := slices.Clone(lines)
		bad[4] = damage(lines[4], i)
		_, err := Recover(strings.Join(bad, "\n"))
		refused(t, err, fault.Invalid, "录入的第5行")
	}
	bad := slices.Clone(lines)
	bad[2], bad[7] = damage(lines[2], 20), lines[7][:30]
	bad = slices.Delete(bad, 10, 12)
	_, err := Recover(strings.Join(bad, "\n"))
	refused(t, err, fault.Invalid, "编号03", "编号08", "还缺编号11、12的行")
	if f := fault.As(err); len(f.Problems) != 3 {
		t.Error(f.Problems)
	}
	// A damaged line that is there again, whole, is no problem; nor are lines twice.
	if b, err := Recover(strings.Join(append(slices.Concat(lines, lines), bad[2]), "\r\n")); err != nil || !bytes.Equal(b, file) {
		t.Error(err)
	}
	other := split(kindKey, append([]byte(format+" other\n"), make([]byte, 300)...), keyLine)
	_, err = Recover(lines[0] + "\n" + other[1])
	refused(t, err, fault.Invalid, "第2行属于另一份备份", lines[0][:5], other[0][:5])
	_, err = Recover(" \n\n")
	refused(t, err, fault.Invalid, "请扫描")
	_, err = Recover("没有这样的行")
	refused(t, err, fault.Invalid, "录入的第1行有误")
	_, err = Recover(strings.Join(split(kindKey, []byte("no key file"), keyLine), "\n"))
	refused(t, err, fault.Invalid, "不是密钥文件")
}

// Whatever a person's hand changes without changing the meaning, and in whatever order, the bytes come back.
func TestLinesForgive(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := append([]byte(format+" "), rapid.SliceOfN(rapid.Byte(), 1, 600).Draw(rt, "bytes")...)
		lines := split(kindKey, b, rapid.IntRange(10, 60).Draw(rt, "size"))
		for i, l := range lines {
			switch rapid.IntRange(0, 4).Draw(rt, "hand") {
			case 0:
				l = strings.ToLower(l)
			case 1:
				l = strings.ReplaceAll(l, " ", "")
			case 2:
				l = strings.NewReplacer("0", "o", "1", "l", "-", " ").Replace(l)
			case 3:
				l = strings.Map(func(r rune) rune {
					if r > ' ' {
						return r - '!' + '！'
					}
					return '　'
				}, l)
			}
			lines[i] = l
		}
		rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "order"), 1)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		got, err := Recover(strings.Join(lines, rapid.SampledFrom([]string{"\n", "\r\n", "/", "\n\n"}).Draw(rt, "end")))
		if err != nil || !bytes.Equal(got, b) {
			rt.Fatal(err)
		}
	})
}

func TestPublicHalf(t *testing.T) {
	p := made(t, "欧阳某（虚构）").Public()
	for _, text := range []string{p.Text(), "\ufeff " + p.Text() + "\r\n", p.Text()[:700] + "\n" + p.Text()[700:], strings.Join(p.Codes(), "\n"), p.Codes()[2] + "\r" + p.Codes()[0] + "\r" + p.Codes()[1], strings.Join(p.Codes(), "")} {
		if got, err := ParsePublic(text); err != nil || got != p {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	if strings.ContainsAny(p.Text(), "\n\r") || len(p.CustodianKey()) > 4000 || len(p.Signing) > 100 {
		t.Error("not what a meeting takes")
	}
	if other := made(t, p.Name).Public(); other.Fingerprint() == p.Fingerprint() || len(p.Fingerprint()) != 19 {
		t.Error(p.Fingerprint())
	}
}

// ParsePublic says what is wrong, and takes no altered key.
func TestParsePublicNamesWhatIsWrong(t *testing.T) {
	h, path := saved(t)
	p := h.Public()
	text := p.Text()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	resum := func(p Public) string { return p.Text() }
	short, twice, upper := p, p, p
	short.Signing, twice.Custodian, upper.Signing = short.Signing[2:], p.Signing, strings.ToUpper(p.Signing)
	seal := p
	seal.Seal = p.Seal[:100]
	for bad, words := range map[string]string{
		"":                                 "请粘贴公钥",
		"你好":                               "不是公钥",
		string(file):                       "不能交给别人",
		split(kindKey, file, keyLine)[0]:   "备份不能交给别人",
		text[:len(text)-9]:                 "应有6段，现有5段",
		strings.Replace(text, "王", "玉", 1): "校验码不符",
		text[:len(text)-1] + "z":           "校验码不符",
		"zp-public/2" + text[11:]:          "比本程序新",
		p.Codes()[0]:                       "还缺编号",
		resum(short):                       "签字公钥不正确",
		resum(upper):                       "签字公钥不正确",
		resum(twice):                       "相同",
		resum(seal):                        "密封公钥不正确",
		resum(Public{"", p.Signing, p.Custodian, p.Seal}): "请填写持有人姓名",
	} {
		_, err := ParsePublic(bad)
		refused(t, err, fault.Invalid, words)
	}
	_, err = Recover(p.Codes()[0])
	refused(t, err, fault.Invalid, "这是公钥的二维码")
	for i := range text {
		if i%7 == 0 && text[i] < 0x80 {
			if got, err := ParsePublic(text[:i] + fmt.Sprintf("%c", text[i]^1) + text[i+1:]); err == nil {
				t.Fatal("altered at", i, got.Name)
			}
		}
	}
}

func FuzzParsePublic(f *testing.F) {
	p := made(f, "甲").Public()
	f.Add(p.Text())
	for _, c := range p.Codes() {
		f.Add(c)
	}
	f.Add("K0000 01-01 0000 0000")
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := ParsePublic(text); err == nil {
			if again, err := ParsePublic(got.Text()); err != nil || again != got {
				t.Error(again, err)
			}
		} else if fault.As(err) == nil {
			t.Error("no words for a person:", err)
		}
		if _, err := Recover(text); err != nil && fault.As(err) == nil {
			t.Error("no words for a person:", err)
		}
	})
}
