package room

import (
	"bytes"
	"fmt"

	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// kindCopy begins a copy of a log, as the spare keeps it and as it is carried to it: a bundle whose first element names session and index, then the
// objects, then the checkpoint. kindCodes is a list of one-time codes beside it.
const (
	kindCopy  = "zp-copy/1"
	kindCodes = "zp-codes/1"
)

type logCopy struct {
	session    string
	from       int64
	objects    [][]byte
	checkpoint []byte
}

func copyParts(session string, from int64, objects [][]byte, checkpoint []byte) [][]byte {
	parts := append([][]byte{fmt.Appendf(nil, "%s\nsession %s\nfrom %d\n", kindCopy, session, from)}, objects...)
	return append(parts, checkpoint)
}

func encodeCopy(session string, from int64, objects [][]byte, checkpoint []byte) ([]byte, error) {
	return ballot.EncodeBundle(copyParts(session, from, objects, checkpoint))
}

var errCopy = fault.New(fault.Invalid, "会议记录副本不完整或已损坏")

func decodeCopy(b []byte) (*logCopy, error) {
	parts, err := ballot.ParseBundle(b)
	if err != nil {
		return nil, err
	}
	return readCopy(parts)
}

func readCopy(parts [][]byte) (*logCopy, error) {
	c := &logCopy{}
	if len(parts) < 2 {
		return nil, errCopy
	}
	lines := bytes.Split(parts[0], []byte("\n"))
	if len(lines) != 4 || string(lines[0]) != kindCopy {
		return nil, errCopy
	}
	session, ok := bytes.CutPrefix(lines[1], []byte("session "))
	if _, err := fmt.Sscanf(string(lines[2]), "from %d", &c.from); err != nil || !ok || c.from < 0 {
		return nil, errCopy
	}
	c.session, c.objects, c.checkpoint = string(session), parts[1:len(parts)-1], parts[len(parts)-1]
	return c, nil
}
