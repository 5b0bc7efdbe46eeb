package ballot_test

import (
	"flag"
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
	var all []suspect
	both := func() {
		if hold := compare(t, all, ballottest.Key(ballot.RoleServer, 1).Public()); hold != len(all) {
			t.Errorf("%d of %d records hold", hold, len(all))
		}
		all = nil
	}
	ballottest.Model(t, func() ballot.Store { return &ballot.Memory{} }, func(file []byte) {
		if all = append(all, suspect{"a meeting of the model", file}); len(all) == 100 {
			both()
		}
	})
	both()
}
