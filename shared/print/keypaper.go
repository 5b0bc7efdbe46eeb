package print

import (
	"fmt"
	"strings"
)

// A KeyPaper 密钥纸质备份 is a person's encrypted key file for a sealed envelope (voting.md, roles and keys; package holder): as QR codes, and as lines for
// a machine that cannot scan. The passphrase is not on it: a second sheet has a place for it, written by hand and kept elsewhere.
type KeyPaper struct {
	Name        string   `label:"持有人"`
	Fingerprint string   `label:"公钥指纹"`
	Set         string   `label:"备份标识"`
	Date        string   `label:"打印日期"`
	Codes       []string `label:"二维码"`
	Lines       []string `label:"录入行"` // in groups, with spaces between them
}

func (*KeyPaper) kind() string { return "密钥纸质备份" }
func (*KeyPaper) page() paper  { return upright }

// lay implements Document.
func (k *KeyPaper) lay(l *layout) error {
	l.heading("密钥纸质备份", "请对折装入信封，封口签名并写明日期，与存放密钥的U盘分开保管")
	l.grid(2, k.facts()...)
	l.y += 2.5
	l.paragraph("本页是加密后的密钥，没有口令打不开。U盘遗失或损坏时，在职评通首页点“会议密钥”，选“用纸质备份恢复”，扫描下面的二维码（先后不限），再输入口令。不能扫描的，逐行录入二维码下面的字符。", noteText.in(black))
	if err := k.codes(l); err != nil {
		return err
	}
	k.lines(l)
	l.newPage()
	k.passphrase(l)
	return nil
}

func (k *KeyPaper) facts() []pair {
	return []pair{{"持有人", k.Name}, {"打印日期", k.Date}, {"公钥指纹", k.Fingerprint}, {"备份标识", k.Set}}
}

// codes sets the QR codes side by side, each with the numbers of its lines.
func (k *KeyPaper) codes(l *layout) error {
	const side = 62.0
	l.y += 2
	each := l.width() / float64(len(k.Codes))
	size := min(side, each-2)
	l.keep(size + 6)
	for i, code := range k.Codes {
		x := l.left + each*float64(i)
		if err := l.qr(x+(each-size)/2, l.y, size, code, fmt.Sprintf("codes[%d]", i)); err != nil {
			return err
		}
		l.put(x, l.y+size-1, each, center, fmt.Sprintf("二维码 %d（共 %d 个）", i+1, len(k.Codes)), noteText)
	}
	l.y += size + 6
	return nil
}

// lines sets the lines in columns, so that the eye keeps its place: every second one is shaded.
func (k *KeyPaper) lines(l *layout) {
	st := style{size: 8.4, ink: black, leading: 1.7}
	l.block(l.left, l.y, l.width(), left, "录入用的字符（没有字母 I、L、O、U；空格、短横和大小写不影响；每行最后一组是校验码）", footText)
	l.y += footText.line() + 1
	columns := 0
	for _, s := range k.Lines {
		columns = max(columns, len(strings.Fields(s)))
	}
	const first, step = 13.0, 1.0
	each := (l.width() - first - step) / float64(columns-1)
	for i, s := range k.Lines {
		h := st.line() + 0.7
		l.keep(h)
		if i%2 == 0 {
			l.add(box{l.left, l.y, l.width(), h, 0, pale, true})
		}
		groups := strings.Fields(s)
		for j, g := range groups {
			x := l.left + step
			switch {
			case j == len(groups)-1:
				x += first + each*float64(columns-2) // the check is in the last column, however short the line
			case j > 0:
				x += first + each*float64(j-1)
			}
			of := st
			if j == 1 || j == len(groups)-1 {
				of = st.bold()
			}
			l.put(x, l.y+0.35, each, left, g, of)
		}
		l.y += h
	}
}

// passphrase is the second sheet.
func (k *KeyPaper) passphrase(l *layout) {
	l.heading("口令单", "请装入另一个信封，与密钥纸质备份分开保管")
	l.grid(2, k.facts()...)
	l.y += 6
	l.paragraph("请持有人在下面亲笔写下密钥文件的口令。大写与小写、数字 0 与字母 O、数字 1 与字母 I 和 l 请写清楚。", plainText)
	l.y += 14
	for _, label := range []string{"口　　令：", "再写一遍："} {
		l.put(l.left, l.y, 0, left, label, plainText.of(12))
		l.add(stroke{l.left + 24, l.y + 7, l.left + l.width(), l.y + 7, 0.3, black})
		l.y += 22
	}
	l.paragraph("同时拿到本单和密钥纸质备份的人，可以使用这个密钥。两个信封不得由同一人保管；怀疑任何一个被拆开的，请立即告知会务负责人，重新生成密钥。", plainText)
	l.signatures(true, "持有人签名", "封存见证人")
}
