package print

import (
	"github.com/skip2/go-qrcode"

	"zhiping/shared/fault"
)

// qr places a QR code (ISO/IEC 18004, level M) in the square at x, y as filled rectangles. The square includes the quiet zone of
// four modules, which the standard asks for, so nothing may be drawn into it.
func (l *layout) qr(x, y, side float64, payload, field string) error {
	q, err := qrcode.New(payload, qrcode.Medium)
	if err != nil {
		return fault.New(fault.Invalid, "二维码内容有%d字节，超过二维码的容量", len(payload)).At(field)
	}
	rows := q.Bitmap() // with the quiet zone
	unit := side / float64(len(rows))
	if unit < 0.33 {
		return fault.New(fault.Invalid, "二维码内容有%d字节，过长，印出后难以扫描", len(payload)).At(field)
	}
	for i, row := range rows {
		for j := 0; j < len(row); {
			k := j
			for k < len(row) && row[k] {
				k++
			}
			if k > j {
				l.add(box{x + float64(j)*unit, y + float64(i)*unit, float64(k-j) * unit, unit, 0, ink{}, true})
			}
			j = k + 1
		}
	}
	return nil
}
