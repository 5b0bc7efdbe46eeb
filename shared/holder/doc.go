// Package holder is one person's key file for review meetings: made on his own machine, kept under a passphrase, with a copy on paper (features F10,
// F13; voting.md, roles and keys). Chair, supervisor, staff and custodians each have one; only its public half ever leaves it, as one line of text.
//
// # The key file
//
// It is a line "zp-key/1 " and 16 characters of a checksum, with "\n", then an age file (age-encryption.org/v1) with one scrypt recipient. The checksum is
// the base32 below of the first 10 bytes of the SHA-256 of the age file: it tells a damaged stick from a wrong passphrase, which age alone cannot.
// So `tail -n +2 FILE | age -d` opens it without this program. Inside is JSON:
//
//	{"format":"zp-key/1","name":…,"signing":…,"custodian":…,"seal":…}
//
// signing and custodian are Ed25519 seeds, seal is the private key of HPKE's MLKEM768-X25519 (a seed of 32 bytes), all base64. A person who is chair and
// custodian has one file with a seed for each purpose: what signs for the chair never opens a ballot.
//
// # Lines
//
// Bytes go onto paper and into QR codes as lines, in the base32 of Crockford (0-9 A-Z without I L O U). Without its spaces and hyphens a line is
//
//	kind[1] set[4] number[2] of[2] data check[4]
//
// kind is K (a key file) or P (a public half); set is the first 20 bits of SHA-256(kind ‖ data of all lines); number, from 01, and of are decimal; check is
// the first 20 bits of the SHA-256 of the line before it. A line of a key file holds 30 bytes, the last one fewer. O is read as 0, I and L as 1. A QR code
// holds several whole lines with "/" after each, so that lines that were scanned and lines that were typed go together, in any order.
//
// # The public half
//
// One line of text: "zp-public/1|" name "|" signing key "|" custodian's signing key "|" seal key "|" check. Keys are lower-case hex; check is the first
// eight hex digits of the SHA-256 of all before it. As lines of kind P it is the length of the name in bytes (one byte), the name, and the three keys.
package holder
