package room

import (
	"zhiping/shared/ballot"
	"zhiping/shared/fault"
)

// BoothOptions say where a booth keeps its things and how it reaches the sequencer: over the room's LAN (addresses with pin and pairing code), online (the
// server's address, "https://host"), by stick alone (no address, the package from a file), or any of them mixed: a receipt counts by whatever way it comes.
type BoothOptions struct {
	Dir     string   // the laptop's folder: what must survive a crash
	Address string   // of the hub, "192.168.1.2:8500", or of the server, "https://host"; "" for none
	More    []string // further addresses of the same meeting, of its spare hub for instance; one with another pairing code has it after a space
	Pin     string   // fingerprint of the hub's certificate, from the pairing slip; the package's two are trusted once it is known. Online it may be empty
	Pairing string   // the pairing code
	Session string   // which group room; "" where the sequencer has one only
	Server  string   // key (hex) that packages are signed with
	Package []byte   // from a file; nil to ask the sequencer, or to go on with the one in the folder
	Online  bool     // the address is the server's: its certificate is one that the system trusts, or has the pin
	Device  string   // what the laptop is called; "" for a name made from its own key
	Now     func() int64
}

// ErrPending is what CheckIn says while staff still has to confirm it: the same call again, or Watch, goes on.
var ErrPending = fault.New(fault.State, "签到已保存在本机，等待会务人员确认，请稍候")

// Sent is what has become of a ballot. Saved: it is sealed and kept on this laptop (①). Receipt: what the sequencer said (②), an acceptance or a rejection.
// Pending: no receipt yet; Watch, a stick and the next start go on sending the identical bytes.
type Sent struct {
	Saved   bool
	Receipt *ballot.Receipt
	Pending bool
}

// The ticks of a ballot on the screen (voting.md, "UI ticks").
const (
	NotSent  = 0 // nothing is sealed, or what was has been returned or rejected and is to be sealed anew
	Saved    = 1 // ① on this laptop
	Received = 2 // ② the sequencer's receipt
	Archived = 3 // ③ the centre keeps the record
)

// A View is what the booth's screens draw, complete at every moment. It holds nothing that anybody in the room may not see, and nothing of a ballot's content.
type View struct {
	Seq     int64           // for the next Watch
	Package *ballot.Package // with the people of the second round once they are derived
	Way     string          // WayLAN, WayOnline or WayStick: how this laptop sends
	// OfflineSince is when the sequencer was last reached (UTC milliseconds) if it cannot be reached now, 0 while it answers or there is none to reach.
	OfflineSince int64
	Epoch        int64
	Size         int64    // of the log as this laptop knows it
	Root         string   // its short form, 4x4 digits as on the hub's screen, "" for none
	Alarms       []string // kept: the hub has shown two logs, for instance. Nothing is sent to that hub any more
	Notice       string   // what is the matter with the sequencer now, "" for nothing
	Waiting      int      // objects of everybody on this laptop that have no receipt yet

	Expert    string // who is checked in here now, "" for nobody
	CheckedIn string // CheckInNone, CheckInSaved (staff has not confirmed it), CheckInDone, CheckInRevoked
	Status    string // PRESENT, ABSENT, LEFT, RECUSED, "" unknown
	Rounds    []RoundView
	Opinions  []OpinionView
	Archived  bool // the centre keeps the record: Wipe may be called
}

// The ways of a booth.
const (
	WayLAN    = "LAN"
	WayOnline = "ONLINE"
	WayStick  = "STICK"
)

// What has become of a check-in.
const (
	CheckInNone    = ""
	CheckInSaved   = "SAVED"
	CheckInDone    = "DONE"
	CheckInRevoked = "REVOKED"
)

// A RoundView is a round and where the expert's own ballot of it stands.
type RoundView struct {
	ID        string
	Spec      *ballot.Round // under its own id ("R1~2" for a repeated one)
	State     string        // ballot.RoundReady ...
	Next      string        // the round held again in place of this void one
	Present   int           // experts in the round
	Submitted int
	Own       Own
	Tally     *ballot.Tally // of a counted round, nil before

	MayVote   bool // seal a first ballot, or the next after a return
	MayReturn bool // ask for it back: it is in force and the round is open
	MayAttest bool // check the own cells in the columns: needs the PIN
}

// Own is where the expert's own ballot of a round stands.
type Own struct {
	Tick      int    // NotSent ... Archived
	Version   int64  // of the newest one
	Receipt   int64  // index of the receipt, as the screen shows it; -1 for none
	Rejected  string // why it does not count, in Chinese; "" for nothing
	Returned  string // why it was returned; "" if it is in force
	IsBack    bool   // it has been returned: it is void until the next one
	ByStaff   bool   // staff returned it without a request
	Requested bool   // the expert has asked for it back
	Elsewhere bool   // it was handed in on another laptop
	Attested  bool
	Mismatch  int64 // of the attestation
	Draft     bool  // a draft is kept
}

// An OpinionView is a written opinion that was handed in here.
type OpinionView struct {
	Applicant string
	Received  bool
}

/*
The methods of a Booth that the windows call; all may be called from any goroutine, none but Watch waits longer than one answer of the network:

	OpenBooth(ctx, BoothOptions) (*Booth, error);  Sessions(ctx, BoothOptions) ([]*roomv1.SessionInfo, error)
	b.Package                                      as the server signed it; View.Package is the one to show
	b.CheckIn(ctx, expert, code, pin) error        ErrPending while staff confirms; the code may be "" after the first time
	b.Leave()
	b.Use(address, pairing string)                 goes on at another address from now: the spare's, of its own pairing slip
	b.Watch(ctx, after int64) (*View, error)       returns at once if there is news since View.Seq, otherwise when there is some
	b.Submit(ctx, round, *ballot.Ballot) (*Sent, error)
	b.Sent(ctx, round) (*Sent, error)              of the newest ballot sealed here, nil for none
	b.AskReturn(ctx, round, reason) error
	b.Opinion(ctx, applicant, text) error;  Reviews(package, expert, applicant) string
	b.Opinions(ctx) ([]WrittenOpinion, error)      those of the panel
	b.Attest(ctx, round, pin) (mismatches int64, err error)
	b.Draft(ctx, round) ([]byte, error);  b.KeepDraft(ctx, round, []byte) error     nil for none
	b.Say(ctx, round) error                        the device word, on request
	b.Bundle(ctx) ([]byte, error);  b.Import(ctx, file []byte) (*Taken, error)
	WriteStick(path, file) error;  ReadStick(path) ([]byte, error)
	b.Archive(ctx, object []byte) error            the server's zp-archive, where it does not come by itself;  b.Wipe(ctx) error;  b.Erase(ctx) error
	b.Close() error
*/
