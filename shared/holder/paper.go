package holder

import (
	"bytes"
	"time"

	"zhiping/shared/fault"
	"zhiping/shared/print"
)

// Paper is the sealed envelope's copy of a key file that was saved or opened, as a PDF: its bytes as they are on the stick, still encrypted, so that
// whoever finds the paper has no more than whoever finds the stick.
func (h *Holder) Paper(at time.Time) ([]byte, error) {
	lines, err := h.Lines()
	if err != nil {
		return nil, err
	}
	return print.Render(print.Meta{Made: at}, &print.KeyPaper{
		Name: h.Name, Fingerprint: h.Public().Fingerprint(), Set: lines[0][:5], Date: at.In(china).Format("2006年1月2日"),
		Codes: gather(lines, codeSize), Lines: lines,
	})
}

// Lines is what the paper says, as it may be typed.
func (h *Holder) Lines() ([]string, error) {
	if h.file == nil {
		return nil, fault.New(fault.State, "请先保存密钥文件，再打印纸质备份；旧格式的密钥文件请重新生成")
	}
	return split(kindKey, h.file, keyLine), nil
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

// Unlock opens what Recover gives with its passphrase.
func Unlock(text, passphrase string) (*Holder, error) {
	b, err := Recover(text)
	if err != nil {
		return nil, err
	}
	return parse(b, passphrase, "纸质备份")
}

// Copy writes the key file that was opened once more, as it is, under its passphrase; with the same care as Save.
func (h *Holder) Copy(path, passphrase string) error {
	if h.file == nil {
		return fault.New(fault.State, "请先保存密钥文件")
	}
	return h.write(path, h.file, passphrase)
}
