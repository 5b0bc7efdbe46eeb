package ballot_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// What voting.md promises of the core, and the tests that show it: "file: tests". A test that is renamed or taken away is missed here.
var promises = []struct{ promise, shown string }{
	{"V1 durable before receipt", "store_test.go: TestTheStoreFails TestGroupCommitFails; box/box_test.go: TestPowerCut TestKilled TestKilledAtEveryStep TestSettings; ballottest/fail.go: failpoints"},
	{"V2 every receipt verifies against the final checkpoint", "store_test.go: TestReceipts; ballottest/model_check.go: receipts; fuzz_test.go: FuzzReceipt"},
	{"V3 one counted envelope, the head of a chain with returns", "ballot_test.go: TestARelayResurrectsNothing TestAChainBeginsWithOneAndNeedsReturns TestAReturnNeedsTheExpertsOwnWish; ballottest/model_check.go: check logged"},
	{"V4 counted = signed close = opened = rows per column", "ballot_test.go: TestRowsAreAsManyAsCount; ballottest/model_check.go: rows; forged_test.go: TestForgeries"},
	{"V5 conservation", "ballot_test.go: TestATallyMustBalance TestMarkingDuringARound; ballottest/model_check.go: sums; second_test.go: TestTwoVerifiersAgree"},
	{"V6 nothing after the close", "ballot_test.go: TestNothingAfterTheClose TestRefusedEnvelopes; ballottest/model_check.go: logged"},
	{"V7 the state is a function of the log", "ballot_test.go: TestReplay; ballottest/conform.go: replays; ballottest/model_hub.go: kill; differ_test.go: TestVerifiersDoNotDiffer; store_test.go: TestOneWriting"},
	{"V8 duplicates change nothing", "ballottest/conform.go: replays; ballottest/model_forge.go: stick; ballot_test.go: TestRefusedEnvelopes"},
	{"V9 no plaintext before the opening, nobody with his cells ever", "secrecy_test.go: TestCanary TestRowsAreInIndependentOrders; ballot_test.go: TestFewCells; ../../desktop/room/canary_test.go: TestCanaryInEveryProcess"},
	{"V10 a checkpoint that is no beginning of the log is an alarm", "store_test.go: TestEquivocatingHub TestHubRolledBack TestALaptopThatHasSeenAnotherLog; ballottest/model_check.go: alarms; ballottest/model_forge.go: equivocate"},
	{"V11 one sequencer", "store_test.go: TestOneHubAtATime TestAnEpochGoesOnFromTheHead; ballottest/conform.go: Conform; ballottest/model_hub.go: takeOver"},
	{"V12 two words over one close", "ballot_test.go: TestOneCustodianIsNotEnough; ballottest/model_check.go: wrongPair; store_test.go: TestPackagesThatAreNotIssued"},
	{"V13 one size", "ballot_test.go: TestAnotherSize; ballottest/model.go: underWay"},
	{"one conformance suite over memory, SQLite and PostgreSQL", "store_test.go: TestMemoryConforms; box/box_test.go: TestConforms; ../../server/ledger/ledger_test.go: TestConforms; ../../server/ledger/kill_test.go: TestKilledAtEveryStep"},
	{"the model with every fault", "model_test.go: TestModel"},
	{"replays across meeting, session, round, package, expert; copied onions; wrong pair; forged return; return for another", "ballottest/model_forge.go: foreign copied forgeReturn twoLaptops; ballot_test.go: TestCopiedUnderAnotherHeader"},
	{"an equivocating hub is noticed by a laptop", "store_test.go: TestEquivocatingHub"},
	{"a second verifier says the same of every meeting and of every single manipulation", "second_test.go: TestTwoVerifiersAgree; differ_test.go: TestVerifiersDoNotDiffer; second_round_test.go: TestVerifiersDoNotDifferOnSecondRounds; forged_test.go: TestForgeries TestDamagedFiles"},
	{"verify diff", "diff_test.go: TestDiff; ../../server/verify_test.go: TestVerifyMeetingAndDiff"},
	{"fuzzed parsers with kept seeds; old files stay readable", "fuzz_test.go: FuzzObject FuzzVerify FuzzParseEnvelope FuzzColumns FuzzReceipt FuzzBundle FuzzOnion FuzzCheckpoint; golden_test.go: TestGolden TestGoldenTwo"},
	{"unequal layers are invalid and stay in the base", "ballot_test.go: TestUnequalLayers TestMissingBallotsStayInTheBase"},
	{"two rounds: the people of the second follow from the first", "second_round_test.go: TestSecondRound TestForgedShortlist"},
	{"a mismatch stops the sign-off; void and held again", "ballot_test.go: TestMismatchStopsTheSignOff"},
	{"the report of a verification", "../meeting/report_test.go: TestReports TestReportOfABadRecord TestFewCellsShowTheOutcomeOnly"},
	{"speed", "box/rush_test.go: BenchmarkBallotRush; box/box_test.go: BenchmarkBallot"},
}

func TestPromises(t *testing.T) {
	for _, p := range promises {
		for _, part := range strings.Split(p.shown, "; ") {
			file, names, _ := strings.Cut(part, ": ")
			b, err := os.ReadFile(file)
			if err != nil {
				t.Errorf("%s: %v", p.promise, err)
				continue
			}
			for _, name := range strings.Fields(names) {
				if !regexp.MustCompile(`(?m)^func (\(.*\) )?` + name + `\(`).Match(b) {
					t.Errorf("%s: %s has no %s", p.promise, file, name)
				}
			}
		}
	}
}
