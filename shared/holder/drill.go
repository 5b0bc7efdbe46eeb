package holder

import (
	"crypto/ed25519"
	"crypto/hpke"
	"encoding/hex"
	"strings"

	"zhiping/shared/fault"
)

const drillFormat = "zp-drill/1"

// drillInfo binds a test envelope to its purpose: no sealed ballot can be passed off as one (HPKE's info).
const drillInfo = "zp/ballot/v1|drill"

// drillSize is how many random bytes a test envelope holds; encSize is the length of the encapsulated key before them.
const (
	drillSize = 32
	encSize   = 1120
)

// ChallengeText is a test envelope as one line: "zp-drill/1|" meeting "|" the envelope in hex "|" check, as in a public half.
func ChallengeText(meeting string, envelope []byte) string {
	s := drillFormat + "|" + meeting + "|" + hex.EncodeToString(envelope) + "|"
	return s + publicCheck(s)
}

// parseChallenge takes a test envelope's line apart.
func parseChallenge(text string) (meeting string, envelope []byte, err error) {
	text = strings.NewReplacer("\r", "", "\n", "", "\ufeff", "").Replace(strings.TrimSpace(text))
	parts := strings.Split(text, "|")
	switch {
	case text == "":
		return "", nil, fault.New(fault.Invalid, "请粘贴试开内容：以“%s”开头的一整行", drillFormat)
	case parts[0] != drillFormat:
		return "", nil, fault.New(fault.Invalid, "这不是试开内容。试开内容是以“%s”开头的一整行，请会务人员重新提供", drillFormat)
	case len(parts) != 4 || publicCheck(text[:strings.LastIndex(text, "|")+1]) != parts[3]:
		return "", nil, fault.New(fault.Invalid, "试开内容不完整或有改动，请重新复制整行")
	}
	envelope, err = hex.DecodeString(parts[2])
	if err != nil || len(envelope) < encSize {
		return "", nil, fault.New(fault.Invalid, "试开内容不正确，请会务人员重新提供")
	}
	return parts[1], envelope, nil
}

// Answer opens a test envelope of the server and signs what was in it, for a meeting: a package is only issued once each custodian has shown that his
// keys open and sign (voting.md, drill). The answer is hex.
func (h *Holder) Answer(challenge string) (string, error) {
	meeting, envelope, err := parseChallenge(challenge)
	if err != nil {
		return "", err
	}
	if !h.Keeps() {
		return "", fault.New(fault.Invalid, "这个密钥文件没有保管人的密钥，不能试开")
	}
	r, err := hpke.NewRecipient(envelope[:encSize], h.seal, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(drillInfo))
	var plain []byte
	if err == nil {
		plain, err = r.Open(nil, envelope[encSize:])
	}
	if err != nil || len(plain) != drillSize {
		return "", fault.New(fault.Denied, "这个密钥打不开试开内容：它不是给“%s”的，或者会议里登记的是另一个公钥，请核对公钥指纹", h.Name)
	}
	return hex.EncodeToString(ed25519.Sign(h.custodian, []byte(drillFormat+"\n"+meeting+"\n"+hex.EncodeToString(plain)+"\n"))), nil
}
