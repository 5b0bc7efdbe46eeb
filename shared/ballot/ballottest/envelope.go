package ballottest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"zhiping/shared/ballot"
)

// JoinEnvelope writes an envelope from its signed header and its blobs.
func JoinEnvelope(header []byte, blobs [][]byte) []byte {
	var raw []byte
	for _, part := range append([][]byte{header}, blobs...) {
		raw = append(binary.BigEndian.AppendUint32(raw, uint32(len(part))), part...)
	}
	return raw
}

// A noteSigner signs texts that no program of ours would sign.
type noteSigner struct {
	key  ballot.Key
	hash uint32
}

// Name implements note.Signer.
func (s noteSigner) Name() string { return s.key.Role }

// KeyHash implements note.Signer.
func (s noteSigner) KeyHash() uint32 { return s.hash }

// Sign implements note.Signer.
func (s noteSigner) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key.Private, msg), nil }

// hashOf is the key hash in the last signature line of a note.
func hashOf(signed []byte) uint32 {
	line := strings.TrimSuffix(string(signed), "\n")
	b, err := base64.StdEncoding.DecodeString(line[strings.LastIndexByte(line, ' ')+1:])
	if err != nil || len(b) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

// Resum replaces the sum at the end of a file by the right one: what somebody does who changes a file.
func Resum(file []byte) []byte {
	body := file[:len(file)-sha256.Size]
	sum := sha256.Sum256(body)
	return append(body[:len(body):len(body)], sum[:]...)
}
