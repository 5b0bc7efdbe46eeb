package idnum_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zhiping/shared/fault"
	"zhiping/shared/idnum"
)

func TestResident(t *testing.T) {
	for _, c := range []struct{ in, birth, sex, says string }{
		{"510106197307287209", "1973-07-28", "2", ""},
		{"510106197307280402", "1973-07-28", "2", ""},
		{"510101197101010018", "1971-01-01", "1", ""},
		{" １１０１０１１９９００３０７４２３１ ", "1990-03-07", "1", ""},
		{"11010819850612431X", "", "", "校验位"},
		{"11010819850612431x", "", "", "校验位"},
		{"31010119970101", "", "", "18位"},
		{"310101970101001", "", "", "15位"},
		{"510101197113010018", "", "", "出生日期"},
		{"510101197102300018", "", "", "出生日期"},
		{"", "", "", "18位"},
	} {
		id, err := idnum.Resident(c.in)
		if c.says == "" && (err != nil || id.Birth != c.birth || id.Sex != c.sex || id.Division != id.Number[:6]) {
			t.Errorf("%q: %+v, %v", c.in, id, err)
		}
		if c.says != "" && (fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%q: %v, want a fault with %s", c.in, err, c.says)
		}
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
	for _, good := range []string{"12120113MB1P36091D", "12510000MB00004650", "12510000MB0000887Y", "91350100M000100Y43", "１２５１００００mb00004650"} {
		if c, err := idnum.CreditCode(good); err != nil || len(c) != 18 {
			t.Errorf("%s: %s, %v", good, c, err)
		}
	}
	for bad, says := range map[string]string{"91310115MA1H8R7C6D": "校验位", "123331134444": "18位", "12120113MB1P3609IO": "第17位", "9135010M000100Y43中": "第18位", "中中中中中中": "现为6位"} {
		if _, err := idnum.CreditCode(bad); fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %s", bad, err, says)
		}
	}
}

func TestDocument(t *testing.T) {
	const right = "眉人社职〔2020〕60号"
	for in, corrected := range map[string]bool{
		right: false, "眉人社职[2020]60号": true, "眉人社职【2020】060号": true, "眉人社职（２０２０）60 号": true, "眉人社职(2020)第60号": true,
	} {
		d, c, err := idnum.ParseDocument(in)
		if err != nil || d.String() != right || c != corrected {
			t.Errorf("%q: %v, %v, %v", in, d, c, err)
		}
	}
	for _, bad := range []string{"", "眉人社职2020-60", "〔2020〕60号", "眉人社职〔20〕60号", "眉人社职〔2020〕0号", "眉人社职〔0000〕1号"} {
		if _, _, err := idnum.ParseDocument(bad); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
