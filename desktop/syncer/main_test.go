package syncer

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// checks is how many worlds the model lives through in a test; make soak lets it live through more.
const (
	checks     = "20"
	soakChecks = "300"
)

func TestMain(m *testing.M) {
	if a := os.Getenv(clerkArguments); a != "" {
		if err := chaoticClerk(a); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	n := checks
	if os.Getenv("SOAK_S") != "" {
		n = soakChecks
	}
	if !given {
		if err := flag.Set("rapid.checks", n); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}
