package meeting_test

import (
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"

	"zhiping/desktop/meeting"
	"zhiping/desktop/room"
)

// A laptop is connected from the pairing slip on a stick: nobody types anything but Enter.
func TestPairingSlipOnAStick(t *testing.T) {
	h := newHall(t, nil)
	slip := meeting.Pairing{Hub: h.address, TLS: h.model.Package.TLS, Code: h.hub.Pairing, Server: h.model.Server.Public(), Session: h.model.Package.Session}
	path := filepath.Join(t.TempDir(), "会场配对单"+meeting.PairingEnding)
	h.must(os.WriteFile(path, []byte(slip.Text()), 0o600))
	c := h.sit(t.TempDir(), room.BoothOptions{})
	c.sees("连接会场主机")
	c.file = path
	c.press(fyne.KeyF2)
	c.sees("选择配对单文件")
	c.press(fyne.KeyF2)
	c.sees(slip.Hub)
	c.press(fyne.KeyReturn)
	c.sees("请选择您的姓名")
}
