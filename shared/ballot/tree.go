package ballot

import "golang.org/x/mod/sumdb/tlog"

// A tree is the right edge of a Merkle tree (RFC 6962): enough to know its root after every object.
type tree struct {
	size int64
	edge []tlog.Hash // roots of the full subtrees, the largest first
}

func (t *tree) add(leaf tlog.Hash) {
	t.edge = append(t.edge, leaf)
	t.size++
	for n := t.size; n%2 == 0; n /= 2 {
		last := len(t.edge) - 1
		t.edge = append(t.edge[:last-1], tlog.NodeHash(t.edge[last-1], t.edge[last]))
	}
}

func (t *tree) root() tlog.Hash {
	last := len(t.edge) - 1
	h := t.edge[last]
	for i := last - 1; i >= 0; i-- {
		h = tlog.NodeHash(t.edge[i], h)
	}
	return h
}

// Root computes the Merkle root of a log.
func Root(log [][]byte) (int64, tlog.Hash) {
	var t tree
	for _, o := range log {
		t.add(tlog.RecordHash(o))
	}
	if t.size == 0 {
		return 0, tlog.Hash{}
	}
	return t.size, t.root()
}
