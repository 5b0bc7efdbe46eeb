package box

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zhiping/shared/ballot"
	"zhiping/shared/ballot/ballottest"
	"zhiping/shared/meeting"
	"zhiping/shared/print"
)

const (
	rushExperts    = 60
	rushApplicants = 1500
)

// rush is a big meeting on a file, both rounds sealed and ready to be sent.
func rush(b *testing.B) (r *ballottest.Room, sealed map[string][]*ballot.Envelope, plain *Box) {
	b.Helper()
	dir := b.TempDir()
	on := func(name string) *Box {
		x, err := Open(ctx, filepath.Join(dir, name))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { x.Close() })
		return x
	}
	r = ballottest.New(b, on("ballots.db"), rushExperts, rushApplicants)
	r.CheckIn(rushExperts)
	sealed = map[string][]*ballot.Envelope{}
	for _, round := range []string{"R1", "R3"} {
		for _, v := range r.Voters {
			e, err := v.Seal(round, r.Ballot(ballot.Agree), r.Now())
			if err != nil {
				b.Fatal(err)
			}
			sealed[round] = append(sealed[round], e)
		}
	}
	return r, sealed, on("plain.db")
}

// allAtOnce hands in a round's ballots from as many callers.
func allAtOnce(b *testing.B, r *ballottest.Room, all []*ballot.Envelope) time.Duration {
	b.Helper()
	start := time.Now()
	var wait sync.WaitGroup
	for _, e := range all {
		wait.Go(func() {
			receipt, err := r.Session.Append(ctx, e.Raw)
			if err != nil || receipt.Reason != "" {
				b.Error(receipt, err)
				return
			}
			_ = receipt.Text()
		})
	}
	wait.Wait()
	return time.Since(start)
}

// BenchmarkBallotRush hands in the ballots of 60 experts on 1,500 applicants in two rounds, all at once, on one hub and its file, and brings each from its
// close to the signed minutes: close, openings, tally in columns, sign-off, evidence file, its verification, minutes as a PDF. rush is the time against
// what cannot be saved: one sum and one signature check per ballot, one at a time, and one durable transaction per round. signed and minutes are the times
// to the sign-off and to the minutes against the decryptions and codes alone.
func BenchmarkBallotRush(b *testing.B) {
	var whole, bare, counted, verified, printed, crypto time.Duration
	for b.Loop() {
		r, sealed, plain := rush(b)
		for i, round := range []string{"R1", "R3"} {
			r.Open(round)
			whole += allAtOnce(b, r, sealed[round])
			bare += bareRush(b, plain, int64(i*rushExperts), sealed[round])
			start := time.Now()
			r.Finish(round, "1,2", 0, 1)
			counted += time.Since(start)
			start = time.Now()
			v, err := ballot.Verify(r.Record(), r.Server.Public())
			if err != nil {
				b.Fatal(err)
			}
			verified += time.Since(start)
			start = time.Now()
			pdf, err := print.Render(print.Meta{Made: time.UnixMilli(r.Now())}, meeting.Minutes(v, round))
			if err != nil || len(pdf) < 10000 {
				b.Fatal(len(pdf), err)
			}
			printed += time.Since(start)
			crypto += bareCount(b, r, sealed[round])
		}
	}
	rounds := float64(2 * b.N)
	b.ReportMetric(float64(whole)/float64(bare), "rush-ratio")
	b.ReportMetric(whole.Seconds()/rounds, "s/round")
	b.ReportMetric(float64(counted)/float64(crypto), "signed-ratio")
	b.ReportMetric(float64(counted+verified+printed)/float64(crypto), "minutes-ratio")
	b.ReportMetric(counted.Seconds()/rounds, "s/close-to-signed")
	b.ReportMetric(verified.Seconds()/rounds, "s/verify")
	b.ReportMetric(printed.Seconds()/rounds, "s/pdf")
}

// bareRush is the least that receiving can cost.
func bareRush(b *testing.B, plain *Box, size int64, all []*ballot.Envelope) time.Duration {
	b.Helper()
	start := time.Now()
	var objects [][]byte
	for _, e := range all {
		_ = sha256.Sum256(e.Raw)
		key, err := hex.DecodeString(e.Credential)
		if err != nil {
			b.Fatal(err)
		}
		ed25519.Verify(key, e.Note, make([]byte, ed25519.SignatureSize))
		objects = append(objects, e.Raw)
	}
	if err := plain.Append(ctx, size, objects, nil); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// bareCount opens both layers of every ballot and makes every code, and nothing else.
func bareCount(b *testing.B, r *ballottest.Room, all []*ballot.Envelope) time.Duration {
	b.Helper()
	start := time.Now()
	for _, e := range all {
		header, _, _ := strings.Cut(string(e.Note), "onion ")
		info := func(layer string) []byte {
			return fmt.Appendf(nil, "zp/ballot/v1|%s|%s|%s|%s|%x", layer, e.Meeting, e.Session, e.Round, e.Package)
		}
		inner := unsealed(b, r.Custodians[0].Seal, info("outer"), []byte(header), e.Blobs[0])
		plain := unsealed(b, r.Custodians[1].Seal, info("inner"), nil, inner)
		code := hmac.New(sha256.New, plain[1:33])
		for _, a := range r.Package.Applicants {
			code.Reset()
			code.Write([]byte(e.Round + "\x00" + a.ID))
			code.Sum(nil)
		}
	}
	return time.Since(start)
}

func unsealed(b *testing.B, key hpke.PrivateKey, info, aad, blob []byte) []byte {
	b.Helper()
	const enc = 1120
	x, err := hpke.NewRecipient(blob[:enc], key, hpke.HKDFSHA256(), hpke.AES256GCM(), info)
	if err != nil {
		b.Fatal(err)
	}
	plain, err := x.Open(aad, blob[enc:])
	if err != nil {
		b.Fatal(err)
	}
	return plain
}
