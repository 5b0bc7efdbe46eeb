package holder

import (
	"bytes"
	"time"

	"zhiping/shared/fault"
	"zhiping/shared/print"
)

// Paper is the sealed envelope's copy of a key file: its bytes as they are on the stick, still encrypted, so that whoever finds the paper has no more than
// whoever finds the stick. The passphrase is asked for because nobody shall print what he cannot open.
func Paper(path, passphrase string, at time.Time) ([]byte, error) {
	doc, err := paper(path, passphrase, at)
	if err != nil {
		return nil, err
	}
	return print.Render(print.Meta{Made: at}, doc)
}

func paper(path, passphrase string, at time.Time) (*print.KeyPaper, error) {
	file, err := Read(path)
	if err != nil {
		return nil, err
	}
	h, err := parse(file, passphrase, path)
	if err != nil {
		return nil, err
	}
	if !h.Signs() || !h.Keeps() {
		return nil, fault.New(fault.Invalid, "旧格式的密钥文件不能打印备份，请重新生成密钥")
	}
	lines := split(kindKey, file, keyLine)
	return &print.KeyPaper{
		Name: h.Name, Fingerprint: h.Public().Fingerprint(), Set: lines[0][:5], Date: at.In(china).Format("2006年1月2日"),
		Codes: gather(lines, codeSize), Lines: lines,
	}, nil
}

var china = time.FixedZone("+08:00", 8*60*60)

// Recover gives the key file back from what was scanned or typed, in any order; damaged and missing lines are named by their numbers.
func Recover(text string) ([]byte, error) {
	b, err := join(kindKey, text)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(b, []byte(format+" ")) {
		return nil, fault.New(fault.Invalid, "这份备份不是密钥文件，或由更新版本的程序打印，请升级程序后再试")
	}
	return b, nil
}

// Restore writes a recovered key file, once it has been opened with its passphrase.
func Restore(text, path, passphrase string) (*Holder, error) {
	b, err := Recover(text)
	if err != nil {
		return nil, err
	}
	h, err := parse(b, passphrase, path)
	if err != nil {
		return nil, err
	}
	return h, WriteNew(path, b, func(read []byte) error {
		again, err := parse(read, passphrase, path)
		if err != nil {
			return err
		}
		return again.Drill()
	})
}
