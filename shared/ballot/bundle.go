package ballot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"zhiping/shared/fault"
)

// bundleMagic begins what is carried between laptops on a stick; the file itself is encrypted with age to whom it is for.
const bundleMagic = "zp-bundle/1\n"

// Bounds of a bundle: a stick is read by machines that trust nothing on it.
const (
	maxBundled = 10000
	maxObject  = 1 << 20
)

// EncodeBundle writes objects, receipts or checkpoints one after another: the magic, their number as a big-endian uint32, each with its length in
// front, and the SHA-256 of all before.
func EncodeBundle(objects [][]byte) ([]byte, error) {
	if len(objects) > maxBundled {
		return nil, fault.New(fault.Invalid, "一个文件最多放%d条记录", maxBundled)
	}
	b := binary.BigEndian.AppendUint32([]byte(bundleMagic), uint32(len(objects)))
	for _, o := range objects {
		if len(o) == 0 || len(o) > maxObject {
			return nil, fault.New(fault.Invalid, "记录为空或超过1MiB，不能放入文件")
		}
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(o))), o...)
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...), nil
}

// ParseBundle reads a bundle whole, or refuses it.
func ParseBundle(file []byte) ([][]byte, error) {
	bad := fault.New(fault.Invalid, "文件不完整或已损坏，请重新导出")
	body, ok := bytes.CutPrefix(file, []byte(bundleMagic))
	if !ok || len(body) < 4+sha256.Size {
		return nil, fault.New(fault.Invalid, "不是会议数据文件，请重新选择")
	}
	sum := sha256.Sum256(file[:len(file)-sha256.Size])
	if !bytes.Equal(sum[:], file[len(file)-sha256.Size:]) {
		return nil, bad
	}
	n := binary.BigEndian.Uint32(body)
	if body = body[4 : len(body)-sha256.Size]; n > maxBundled {
		return nil, bad
	}
	var all [][]byte
	for range n {
		if len(body) < 4 {
			return nil, bad
		}
		size := binary.BigEndian.Uint32(body)
		if size == 0 || size > maxObject || int(size) > len(body)-4 {
			return nil, bad
		}
		all, body = append(all, body[4:4+size]), body[4+size:]
	}
	if len(body) > 0 {
		return nil, bad
	}
	return all, nil
}
