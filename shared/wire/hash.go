package wire

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Hash is what a record at a revision adds to the digest of what somebody sees (sync.md, read path). It has forty bits, so that eight million
// of them add up in a signed number of 64, in SQL too.
func Hash(kind, id string, revision int64) int64 {
	h := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d", kind, id, revision))
	return int64(binary.BigEndian.Uint64(h[:8]) >> 24)
}
