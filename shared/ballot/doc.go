// Package ballot is the secret vote of a review meeting: sealed ballots, the room's log, opening by two custodians, columns and tally
// (features F10-F13; rules.md, sections 1 and 2). It fixes every byte, so that somebody who has only this text can write a verifier in
// another language. It neither stores nor transports: that is package box, the hub and the booths.
//
// # Objects
//
// An object is UTF-8 text that ends in "\n": a first line with its type, lines "key value" in the order given below, then a note
// (golang.org/x/mod/sumdb/note): an empty line and one signature line per signer. Values in one line are separated by "|"; no value holds
// "|", line breaks or other control characters; an empty value is written "-". Lists are one line per element. Numbers are decimal
// without sign or leading zeros; bytes are lower-case hex; an instant is UTC milliseconds. Parsing and encoding again gives the same
// bytes, or the object is refused. The id of an object is the SHA-256 of all its bytes. Signatures are Ed25519 (RFC 8032) over the text
// including the first empty line's predecessor's "\n", as the note package defines; the signer's name is the role: server, hub, staff,
// chair, supervisor, expert, custodian.
//
//	zp-package/1   signed server       meeting, session, title, date, place, committee, issued, suite, rules (SHA-256 of the rule set),
//	                                   ruleset (its bytes), panel (the committee's size for the quorum), origin, hub (key), tls (pin),
//	                                   staff* key, chair key, supervisor key, custodian* id name role sign-key seal-key,
//	                                   expert* id name group recused, applicant* id position name unit,
//	                                   round* id kind secrecy base min max step items
//	zp-checkin/1   expert, staff       session, expert, credential (key), device, proof, at
//	zp-attend/1    staff (chair and supervisor too while a round is open)   session, expert, status, reason, at
//	zp-open/1      staff               session, round, spec (SHA-256 of the round's line), present, at
//	zp-envelope/1  expert              suite, meeting, session, round, package (id), expert, credential, version, prev, return, cells,
//	                                   commit, device, at, nonce, onion* pair SHA-256; the three onions follow (see Envelope)
//	zp-reject/1    hub                 session, envelope (id), reason
//	zp-close/1     staff, chair        session, round, root, counted, present, missing, at
//	zp-opening/1   custodian           session, close (id), pair, at
//	zp-tally/1     hub                 session, round, close, pair, program, columns (SHA-256), result* applicant agree oppose abstain
//	                                   recused invalid missing base need decision (a vote) or count sum mean rank (a score)
//	zp-signoff/1   chair, supervisor   session, tally (id), size, root, sheet, at
//
// # Log
//
// The sequencer appends objects to a Merkle log (RFC 6962 hashes, golang.org/x/mod/sumdb/tlog), leaf i being the bytes of object i; leaf 0 is the
// package. A checkpoint is the note "origin\nsize\nroot (base64)\n" signed hub. What has happened is a function of the log alone (State).
//
// # Ballot
//
// The plaintext is 0x01 ‖ secret[32] ‖ cells, of one size for every ballot of a round. A VOTE cell is one byte: 1 agree, 2 oppose,
// 3 abstain, 4 recused. A SCORE cell is one big-endian uint16 per item, 0xFFFE abstain, 0xFFFF recused. Cells stand in the order of the
// package's applicants. commit = SHA-256(0x01 ‖ secret ‖ cells). The code of a cell is the first 8 bytes of
// HMAC-SHA256(secret, round ‖ 0x00 ‖ applicant).
//
// An onion for the pair (i, j) of custodians is two nested HPKE encryptions (RFC 9180; KEM MLKEM768-X25519, HKDF-SHA256, AES-256-GCM), each
// written enc ‖ ciphertext: the inner one to j with info I("inner") and no associated data, the outer one to i with info I("outer") and the
// header without its onion lines as associated data, where I(layer) = "zp/ballot/v1|" layer "|" meeting "|" session "|" round "|"
// package id in hex. Pairs are "1,2", "1,3", "2,3" by the order of the package's custodians.
//
// # Columns
//
// For each applicant in order a line "applicant id", then one line "code value" per counted valid ballot, sorted by code in hex; the value
// is the cell in decimal, of a score its items joined by ",". Rows of different applicants are thus in independent orders and cannot be
// put together again.
package ballot
