package ballot_test

import (
	"testing"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
)

func TestModel(t *testing.T) {
	ballottest.Model(t, func() ballot.Store { return &ballot.Memory{} })
}
