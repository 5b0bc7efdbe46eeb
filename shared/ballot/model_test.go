package ballot_test

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"strings"
	"testing"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
)

// Everything goes wrong that may, and the record says what the experts decided; the second verifier says the same of every record.
func TestModel(t *testing.T) {
	if f := flag.Lookup("rapid.steps"); f.Value.String() == f.DefValue {
		if err := f.Value.Set("60"); err != nil { // enough for every fault to happen many times
			t.Fatal(err)
		}
	}
	key, ring := ballottest.Key(ballot.RoleServer, 1).Public(), keyring(ballottest.New(t, &ballot.Memory{}, 3, 1))
	random := rand.New(rand.NewPCG(8, 8))
	var all, changed []suspect
	both := func() {
		if hold := compare(t, all, key); hold != len(all) {
			t.Errorf("%d of %d records hold", hold, len(all))
		}
		compare(t, changed, key)
		all, changed = nil, nil
	}
	ballottest.Model(t, func() ballot.Store { return &ballot.Memory{} }, func(file []byte) {
		all = append(all, suspect{"a meeting of the model", file})
		// One change to each: these have epochs, hubs that were given up, other logs that were shown, late ballots.
		if what, mutated := mutate(t, random, ring, file, [][]byte{file[:100]}); !bytes.Equal(mutated, file) {
			changed = append(changed, suspect{"a meeting of the model, " + strings.ReplaceAll(what, "\n", " "), mutated})
		}
		if len(all) == 100 {
			both()
		}
	})
	both()
}
