package idnum_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zhiping/shared/fault"
	"zhiping/shared/idnum"
)

// vectors reads a table that an office can read too: cells between bars, # before remarks, U+XXXX for signs that cannot be seen.
func vectors(t *testing.T, file string) [][]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	unseen := regexp.MustCompile(`U\+[0-9A-F]{4}`)
	var all [][]string
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, " | ")
		cells[0] = unseen.ReplaceAllStringFunc(cells[0], func(s string) string {
			n, err := strconv.ParseInt(s[2:], 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			return string(rune(n))
		})
		all = append(all, cells)
	}
	if len(all) < 5 {
		t.Fatalf("%s has %d lines", file, len(all))
	}
	return all
}

// refused checks that err is a fault that says so.
func refused(t *testing.T, in string, err error, says string) {
	t.Helper()
	if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), says) {
		t.Errorf("%q: %v, want a fault with %s", in, err, says)
	}
}

func TestResident(t *testing.T) {
	for _, c := range vectors(t, "resident.txt") {
		id, err := idnum.Resident(c[0])
		if len(c) == 2 {
			refused(t, c[0], err, c[1])
			if err != nil && len(c[0]) > 14 && strings.Contains(err.Error(), c[0][6:14]) {
				t.Errorf("%q: the fault repeats the number", c[0])
			}
			continue
		}
		if err != nil || id.Birth != c[1] || id.Sex != c[2] || len(id.Number) != 18 || id.Division != id.Number[:6] {
			t.Errorf("%q: %+v, %v", c[0], id, err)
		}
	}
	if _, err := idnum.Resident(""); err == nil {
		t.Error("nothing was taken for a number")
	}
}

// One wrong digit is always noticed, and so are two neighbours exchanged (the purpose of ISO 7064 MOD 11-2).
func TestResidentNoticesSlips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.StringMatching(`[1-6][0-9]{5}19[5-9][0-9]0[1-9][0-2][1-8][0-9]{3}`).Draw(t, "first17")
		n += string(idnum.ResidentCheck(n))
		if _, err := idnum.Resident(n); err != nil {
			t.Fatal(n, err)
		}
		b := []byte(n)
		i := rapid.IntRange(0, 16).Draw(t, "at")
		b[i] = '0' + (b[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		if _, err := idnum.Resident(string(b)); err == nil {
			t.Fatalf("%s was taken for %s", b, n)
		}
		b = []byte(n)
		if j := rapid.IntRange(0, 15).Draw(t, "swap"); b[j] != b[j+1] {
			b[j], b[j+1] = b[j+1], b[j]
			if _, err := idnum.Resident(string(b)); err == nil {
				t.Fatalf("%s was taken for %s", b, n)
			}
		}
	})
}

func TestCreditCode(t *testing.T) {
	for _, c := range vectors(t, "credit.txt") {
		code, err := idnum.CreditCode(c[0])
		if len(c[1]) != 18 {
			refused(t, c[0], err, c[1])
		} else if err != nil || code != c[1] {
			t.Errorf("%q: %s, %v", c[0], code, err)
		}
	}
}

// A wrong sign is noticed, whichever it is: 31 is prime and no weight is a multiple of it.
func TestCreditCodeNoticesSlips(t *testing.T) {
	const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	rapid.Check(t, func(t *rapid.T) {
		b := []byte(rapid.StringMatching(`[0-9A-HJ-NPQRTUWXY]{17}`).Draw(t, "first17"))
		b = append(b, idnum.CreditCheck(string(b)))
		if code, err := idnum.CreditCode(string(b)); err != nil || code != string(b) {
			t.Fatal(code, err)
		}
		i, other := rapid.IntRange(0, 17).Draw(t, "at"), alphabet[rapid.IntRange(0, 30).Draw(t, "sign")]
		if b[i] == other {
			return
		}
		b[i] = other
		if _, err := idnum.CreditCode(string(b)); err == nil {
			t.Fatalf("%s was accepted", b)
		}
	})
}

func TestDocument(t *testing.T) {
	for _, c := range vectors(t, "document.txt") {
		d, corrected, err := idnum.ParseDocument(c[0])
		if !strings.Contains(c[1], "〔") {
			refused(t, c[0], err, c[1])
		} else if err != nil || d.String() != c[1] || corrected != (c[0] != c[1]) {
			t.Errorf("%q: %v, %v, %v", c[0], d, corrected, err)
		}
	}
}

// What the program writes it reads back without a correction.
func TestDocumentReadsItsOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := idnum.Document{Office: rapid.StringMatching(`[川成眉绵人社农水卫教]{2,6}(职|发)`).Draw(t, "office"), Year: rapid.IntRange(1980, 2100).Draw(t, "year"), Serial: rapid.IntRange(1, 99999).Draw(t, "serial")}
		if got, corrected, err := idnum.ParseDocument(d.String()); got != d || corrected || err != nil {
			t.Fatal(got, corrected, err)
		}
	})
}
