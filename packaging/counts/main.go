// Counts reads the output of go test -json, prints what failed with its output, and the counts of tests.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

type event struct {
	Action, Package, Test, Output string
}

func main() {
	f, err := os.Open(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer f.Close()
	counts := map[string]int{}
	packages := map[string]int{}
	said := map[string]*strings.Builder{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text()) // the build's own words
			continue
		}
		key := e.Package + " " + e.Test
		switch e.Action {
		case "output":
			if said[key] == nil {
				said[key] = &strings.Builder{}
			}
			said[key].WriteString(e.Output)
		case "build-output":
			fmt.Print(e.Output)
		case "pass", "fail", "skip":
			if e.Test == "" {
				packages[e.Action]++
			} else {
				counts[e.Action]++
			}
			if e.Action == "fail" && said[key] != nil {
				fmt.Printf("--- %s\n%s", key, said[key])
			}
			delete(said, key)
		}
	}
	fmt.Printf("go test: %d passed, %d failed, %d skipped; packages: %d ok, %d failed, %d without tests\n",
		counts["pass"], counts["fail"], counts["skip"], packages["pass"], packages["fail"], packages["skip"])
	if counts["fail"]+packages["fail"]+counts["skip"] > 0 || counts["pass"] == 0 {
		os.Exit(1)
	}
}
