package holder

import (
	"crypto/ed25519"
	"encoding/hex"
	"strings"

	"zhiping/shared/fault"
)

// The drill before a package is issued goes to the custodian and back as two lines of text, for whoever sits at a machine without a network.
const (
	drillFormat  = "zp-drill/1"
	answerFormat = "zp-drill-answer/1"
)

// ChallengeText is the test envelope of a meeting as one line: "zp-drill/1|" meeting "|" the envelope in hex "|" check, as in a public half.
func ChallengeText(meeting string, envelope []byte) string {
	return checked(drillFormat, meeting, hex.EncodeToString(envelope))
}

func checked(parts ...string) string {
	s := strings.Join(parts, "|") + "|"
	return s + publicCheck(s)
}

// unchecked takes a line of so many parts after its format apart; what names it to a person.
func unchecked(text, format, what string, n int) ([]string, error) {
	text = strings.NewReplacer("\r", "", "\n", "", "\ufeff", "").Replace(strings.TrimSpace(text))
	parts := strings.Split(text, "|")
	switch {
	case text == "":
		return nil, fault.New(fault.Invalid, "请粘贴%s：以“%s”开头的一整行", what, format)
	case parts[0] != format:
		return nil, fault.New(fault.Invalid, "这不是%s。%s是以“%s”开头的一整行，请对方重新提供", what, what, format)
	case len(parts) != n+2 || publicCheck(text[:strings.LastIndex(text, "|")+1]) != parts[n+1]:
		return nil, fault.New(fault.Invalid, "%s不完整或有改动，请重新复制整行", what)
	}
	return parts[1 : n+1], nil
}

// Answer opens the test envelope of a meeting and signs what was in it: a package is only issued once each custodian has shown that his keys open and
// sign (voting.md, drill; ballot.CheckDrill). The answer is one line too: "zp-drill-answer/1|" meeting "|" signing key "|" signature "|" check.
func (h *Holder) Answer(challenge string) (string, error) {
	parts, err := unchecked(challenge, drillFormat, "试开内容", 2)
	if err != nil {
		return "", err
	}
	envelope, err := hex.DecodeString(parts[1])
	if err != nil {
		return "", fault.New(fault.Invalid, "试开内容不正确，请会务人员重新提供")
	}
	if !h.Keeps() {
		return "", fault.New(fault.Invalid, "这个密钥文件没有保管人的密钥，不能试开")
	}
	s := h.Custodian("", "")
	answer, err := s.AnswerDrill(parts[0], envelope)
	if err != nil {
		return "", fault.New(fault.Invalid, "“%s”的密钥打不开这份试开内容：它不是给本人的，或者会议里登记的是另一个公钥，请核对公钥指纹", h.Name)
	}
	return checked(answerFormat, parts[0], s.Sign.Public(), hex.EncodeToString(answer)), nil
}

// ParseAnswer takes an answer apart, for whoever hands it to the server: the meeting, the custodian's signing key and what he signed.
func ParseAnswer(text string) (meeting, signKey string, answer []byte, err error) {
	parts, err := unchecked(text, answerFormat, "试开结果", 3)
	if err != nil {
		return "", "", nil, err
	}
	answer, err = hex.DecodeString(parts[2])
	if err != nil || len(answer) != ed25519.SignatureSize || len(parts[1]) != hex.EncodedLen(ed25519.PublicKeySize) {
		return "", "", nil, fault.New(fault.Invalid, "试开结果不正确，请保管人重新试开")
	}
	return parts[0], parts[1], answer, nil
}
