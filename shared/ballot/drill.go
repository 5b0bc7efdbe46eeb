package ballot

import (
	"crypto/ed25519"
	"crypto/rand"

	"zhiping/shared/fault"
)

// The drill before a package is issued (voting.md): the server seals a test to each custodian's key, the custodian opens it on his own machine and
// signs what was in it. Whoever answers has both halves of his key file, and its passphrase.

// drillInfo binds a test envelope to its use: nothing else is ever sealed under it, so an answer opens nothing but tests.
const drillInfo = "zp/ballot/v1|drill"

// DrillChallenge seals a test to a custodian's key; plain is the sealer's secret until it is answered.
func DrillChallenge(c Custodian, plain []byte) ([]byte, error) {
	return seal(c.SealKey, []byte(drillInfo), nil, plain)
}

// AnswerDrill opens a test of a meeting and signs what was in it.
func (s *Secret) AnswerDrill(meeting string, challenge []byte) ([]byte, error) {
	plain, err := unseal(s.Seal, []byte(drillInfo), nil, challenge)
	if err != nil {
		return nil, fault.New(fault.State, "试开信封不能用这份密钥打开，请核对密钥文件是否属于本次会议的这名保管人")
	}
	return ed25519.Sign(s.Sign.Private, drillText(meeting, plain)), nil
}

// Drill goes through a drill by himself: a key file is only good once its keys are known to work.
func (s *Secret) Drill() error {
	plain := make([]byte, 32)
	if _, err := rand.Read(plain); err != nil {
		return err
	}
	c := s.Public()
	envelope, err := DrillChallenge(c, plain)
	if err != nil {
		return err
	}
	answer, err := s.AnswerDrill("drill", envelope)
	if err != nil || CheckDrill(c, "drill", plain, answer) != nil {
		return fault.New(fault.State, "密钥试开失败，请重新生成密钥")
	}
	return nil
}

// CheckDrill checks a custodian's answer to a test with that plaintext.
func CheckDrill(c Custodian, meeting string, plain, answer []byte) error {
	key := mustHex(c.SignKey)
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, drillText(meeting, plain), answer) {
		return fault.New(fault.Invalid, "试开结果与“%s”的公钥或本次试开不符，请用本人的密钥文件重新试开", c.Name)
	}
	return nil
}

// drillText is what an answer signs. It is no object of a log: its first line is the type of nothing that a log takes.
func drillText(meeting string, plain []byte) []byte {
	return []byte("zp-drill/1\n" + meeting + "\n" + hexOf(plain) + "\n")
}
