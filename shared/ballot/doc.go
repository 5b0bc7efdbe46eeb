// Package ballot is the secret vote of a review meeting: sealed ballots, the room's log, opening by two custodians, columns and tally
// (features F10-F13; rules.md, sections 1 and 2). It fixes every byte, so that somebody who has only this text can write a verifier in
// another language; packaging/verify/verify_meeting.py is one, and testdata has golden vectors. It neither stores nor transports: that is
// package box, the hub and the booths.
//
// # Objects
//
// An object is a note (golang.org/x/mod/sumdb/note): a text, an empty line, and one signature line per signer. The text is UTF-8 and ends in "\n":
// a first line with type and version, then lines "key value" in the order given below. Values in one line are separated by "|"; no value holds
// "|", line breaks or other control characters, and none is "-", which stands for an empty value. A key marked * stands any number of times, once per
// element of a list. Numbers are decimal without sign or leading zeros; bytes are lower-case hex; an instant (at, issued) is UTC milliseconds and
// decides nothing. Parsing and encoding again gives the same bytes, or the object is refused. The id of an object is the SHA-256 of all its bytes; in
// lines it is hex.
//
// A signature line is "— " (U+2014, space), the signer's role, a space, and the base64 of hash[4] ‖ signature[64], with "\n" at the end. The signature
// is Ed25519 (RFC 8032) over the text without the empty line; hash is the first four bytes of SHA-256(role ‖ "\n" ‖ 0x01 ‖ public key). Roles are
// server, hub, staff, chair, supervisor, expert, custodian. An object has exactly the signature lines of those named below, each once, in any order.
// An object has at most 1,000,000 bytes, all of it UTF-8. Base64 is that of RFC 4648 with padding, the bits that it leaves over 0; keys are 64
// lower-case hex digits: there is one way only to write an object. Of several staff keys any one signs.
//
//	zp-package/2   server              meeting, session, title, date, place, committee, issued, suite ("zp1"), rules (SHA-256 of ruleset), ruleset (its
//	                                   bytes, JSON), panel (the committee's size for the quorum), origin, hub (key), spare (key), tls, sparetls
//	                                   (pins), app (least version), mode (REAL or REHEARSAL), staff* key, chair key, supervisor key,
//	                                   custodian* id|name|role|sign key|seal key, expert* id|name|group|recused (ids separated by ","),
//	                                   applicant* id|position|name|unit, reviewer* applicant|expert|role (MAIN or ASSISTANT),
//	                                   round* id|kind|secrecy|base|min|max|step|items|trim|most|rule|value|divisor,
//	                                   item* round|number|name|weight|max, depends* session|package|round|rule (PASSED or ALL)
//	zp-checkin/1   expert, staff       session, expert, credential (key), device, proof, at
//	zp-revoke/1    staff               session, expert, credential, reason, at
//	zp-attend/2    staff; chair and supervisor too while a round is under way
//	                                   session, expert, status (PRESENT, ABSENT, LEFT, RECUSED), reason, round, base, newbase, need, newneed, at
//	zp-opinion/1   expert              session, applicant, expert, role, text* paragraph, at
//	zp-open/2      staff; chair too when again
//	                                   session, round, spec (SHA-256 of the round's line with its "\n"), present, again (id of the close that is
//	                                   taken back), reason, at
//	zp-envelope/1  expert              suite, meeting, session, round, package (id), expert, credential, version, prev, return, cells (bytes of all
//	                                   cells), commit, device, at, nonce (16 bytes), onion* pair|SHA-256; see Envelope
//	zp-reject/2    hub                 session, envelope (id), reason, content (all bytes of the envelope)
//	zp-retreq/1    expert              session, envelope (id), reason, at
//	zp-return/1    staff               session, envelope (id), reason, request (id, or "staff"), at
//	zp-device/1    expert              session, round, expert, device, sealed, receipts, outbox, origin, size, root, at
//	zp-quarantine/1  hub               session, object (SHA-256), reason, at
//	zp-close/2     staff, chair        session, round, opened (id of the zp-open), root, counted, present, missing, absent, recused, left,
//	                                   exception* kind|subject, at
//	zp-opening/1   custodian           session, close (id), pair, at
//	zp-tally/2     hub                 session, round, close (id), pair, program, columns (SHA-256), invalid* envelope id (sorted),
//	                                   voted* expert|agree|oppose|abstain|recused (a named round),
//	                                   result* applicant|agree|oppose|abstain|recused|invalid|missing|base|need|scored|kept|sum|mean|rank|decision
//	zp-attest/1    expert              session, expert, tally (id), mismatches, at
//	zp-signoff/1   chair, supervisor   session, tally (id), size, root, sheet, at
//	zp-void/1      chair, supervisor, staff   session, round, next, reason, at
//	zp-epoch/1     server; or chair, staff; or chair, staff, server
//	                                   session, epoch, hub (key), from (bytes of a signed checkpoint), reason, at
//	zp-derive/1    staff, chair        session, package (id), basis* session|package|round|size|root|tally, applicant* id, at
//	zp-archive/1   server              session, size, root, at
//	zp-release/1   server              session, by, reason, at
//	zp-wipe/1      expert              session, expert, device, at
//
// # Log
//
// The sequencer appends objects to a Merkle log (RFC 6962: leaf SHA-256(0x00 ‖ bytes), node SHA-256(0x01 ‖ left ‖ right)), leaf i being the bytes
// of object i; leaf 0 is the package. A checkpoint is the note "origin\nsize\nroot (base64)\n" with one signature, a hub's. The origin of epoch 1
// is the package's; of epoch n, from 2, it has "+n" after it. What has happened is a function of the log alone. Below, an object is good only if
// all that its paragraph says holds where it stands; one object that is not good makes the log not good. Every session line is the package's
// session.
//
// Package. Its rules line is the SHA-256 of its ruleset. Three custodians, whose ids, sign keys and seal keys differ, at least one round, staff key
// and applicant; panel is at most 1,000,000; ids of experts and of applicants are unique, not empty and hold no space or ",". Round ids are unique
// and hold no "~", space, "/" or "\". kind is VOTE or SCORE, secrecy SECRET or NAMED, base ATTENDING or ATTENDING-RECUSED. A VOTE has items 0, trim
// 0, no rule and no item lines. A SCORE has items 1 to 100, step at least 1, min at most max, max below 65534, most 0, rule "-" or TOP or MEAN;
// item lines of a round are none or one per item, numbered from 1, weights 1 to 10,000, max 0 (the round's) or from min to 65533; trim is at most
// 1,000, divisor at most 1,000,000,000. Item lines of a round that is not there mean nothing. A depends line names a session. Reviewers name
// applicants and experts of the package. The keys of hub and spare differ. need(n) is n × needed numerator ÷ denominator of the rule set, rounded
// up: ruleset.need_numerator.value and ruleset.need_denominator.value.
//
// Experts. A check-in gives an expert of the package a credential if he has none now; the credential is nobody else's and has not been revoked; its
// expert signature is by that credential. A revoke names his credential and a reason; it ends it. Where "expert" signs below, it is by the
// credential that he has then. A round is under way while it is OPEN or CLOSED (there is at most one). An attend that does not say PRESENT has a
// reason; PRESENT needs a credential and no round under way. None is good while a round is CLOSED. While one is OPEN, round names it, base is the
// number of those in it, newbase that number after this object, need and newneed are need() of both; otherwise round is empty and they are 0. A
// ballot in force is one that has not been returned: an expert who has one can only be marked LEFT, and stays in the round with it; anybody else
// who is marked leaves the round. An opinion is of an expert who is not recused from the applicant, who is named in the reviewer lines if there are
// any, and has at least one paragraph.
//
// Rounds. A round is READY, OPEN, CLOSED, OPENED, SIGNED, ARCHIVED or VOID. An open with an empty again makes a READY round OPEN if none is under
// way: those in it are the experts who are PRESENT, present is their number and at least need(panel). An open with again makes the CLOSED round
// whose close that is OPEN once more if no custodian has signed an opening: it has a reason, present is the number of those in it, and earlier
// device words are forgotten, but not the alarms that they gave. With depends lines in the package no round opens before the derive. A close makes
// an OPEN round CLOSED; opened is the last open; counted is the number of counted envelopes (the heads in force), root the SHA-256 over the sorted
// lines "expert version id\n" of them, present those in the round, missing = present - counted; absent, recused and left count the other experts of
// the package by status (RECUSED, LEFT, else absent). Its exceptions are exactly these, in this order: RETURNED for each expert whose head is
// returned, DEVICE for each in the round without a good device word, CHECKPOINT for each whose laptop has seen another log (each group in the
// package's order of experts), QUARANTINED for each quarantined object. An opening is signed by a custodian of its pair for the close of a CLOSED
// round, each once, all for one pair. A tally needs two openings of its pair; its results are of the applicants, in the package's order;
// agree+oppose+abstain+recused+scored+invalid of every result is counted, its invalid is the number of invalid lines, its missing is the close's;
// the round is OPENED. An attest is by an expert with a counted envelope of an OPENED round, once. A sign-off names the tally of an OPENED round
// without an attest that has mismatches, a size above the index of the tally and at most that of the log, and the root at that size; the round is
// SIGNED. A void has a reason and makes an OPEN, CLOSED or OPENED round VOID; next is empty, or the id of a new round: the same as the void one
// under the id with "~2" after it, or with the next number. An archive names a size and the root at it and makes SIGNED rounds ARCHIVED; after it
// only wipes are good, before it none. After a release only archives and wipes are good.
//
// Laptops. A device word is for an OPEN round. It is a good one if outbox is 0 and sealed = receipts. If its origin is the log's present one and its size
// and root are not a head the log has had, the laptop has seen another log: an alarm, once for each expert and round.
//
// Epochs. The hub of epoch 1 is the package's. An epoch has a higher number than the one before, a reason, and names a hub; one signed by chair and
// staff alone names the hub or spare of the package. At index 1 from may be empty, or a checkpoint of an earlier epoch with size above 1, signed by hub or
// spare: the log before is lost. Otherwise from is the checkpoint of the present epoch at the present size, with the root at it, signed by a hub key.
// From then on hub signatures and checkpoints are the new hub's.
//
// Second round. A derive is good before any round has opened, once, in a package with depends lines: its bases are as many, each with the session,
// package and (up to "~") round of its line, and its applicants are some of the package's, in its order: from then on they alone are the package's
// applicants, and the id of the derive stands for the package's in envelopes. The evidence holds the records of the first rounds: the round of a basis is
// the one that counts (the last repetition), is signed, and size and root are its sign-off's, tally its tally. Applicants are those who PASSED there (rule
// PASSED) or stand there (rule ALL), of any basis.
//
// # Envelope
//
// An envelope is four parts of at most 1 MiB, each with its length in front as a big-endian uint32: the signed header (suite zp1), then the onions
// of the pairs "1,2", "1,3", "2,3" by the order of the package's custodians; the three onion lines have these pairs and the SHA-256 of the parts.
// What is not of this form is no envelope, and stands neither in a log nor in a reject; of the signature the form of its line does not count before
// BAD_SIG. An onion has 33 + cells + 2 × 1136 bytes. It is decided in this order: WRONG_ROUND: meeting, session, package (or derive) or round are
// others; NOT_ELIGIBLE: no expert of the package; CREDENTIAL: a revoked one; later (no answer is logged) if the expert has no credential;
// CREDENTIAL: not his; BAD_SIG; later if the round is READY; LATE if it is not OPEN; NOT_ELIGIBLE: not in the round; MALFORMED: cells is not the
// number of applicants × width, or the size of an onion. Then, without a head: version 1 with empty prev and return counts; version above 1 with
// both is later; else MALFORMED. With a head: version head+1, prev its id and return the id of the return that made it void counts; version head+1
// with prev its id and a return while the head is in force is later, as is any version above head+1 with prev and return; else NEED_RETURN. What
// counts becomes the head, in force. A reject's content is an envelope with that id, and deciding it where the reject stands gives the reason. A
// retreq or return names a head in force of an OPEN round; a retreq is signed by its expert; a return's request is a retreq for the same envelope,
// or "staff" with a reason.
//
// # Ballot
//
// The plaintext is 0x01 ‖ secret[32] ‖ cells, of one size for every ballot of a round. A VOTE cell is one byte: 1 agree, 2 oppose,
// 3 abstain, 4 recused. A SCORE cell is one big-endian uint16 per item: a score from min in steps up to the item's max, or 0xFFFE abstain for all
// items, or 0xFFFF recused for all. Cells stand in the order of the package's applicants. Recused stands exactly where the expert is recused; a
// VOTE with most above 0 has at most that many 1. commit = SHA-256(0x01 ‖ secret ‖ cells). Anything else is an invalid ballot. The code of a cell is the
// first 8 bytes of HMAC-SHA256(secret, round ‖ 0x00 ‖ applicant).
//
// An onion for the pair (i, j) of custodians is two nested HPKE encryptions (RFC 9180; KEM MLKEM768-X25519, HKDF-SHA256, AES-256-GCM), each
// written enc ‖ ciphertext: the inner one to j with info I("inner") and no associated data, the outer one to i with info I("outer") and the
// header without its onion lines as associated data, where I(layer) = "zp/ballot/v1|" layer "|" meeting "|" session "|" round "|"
// package id in hex. The proof of a check-in is HMAC-SHA256(one-time code, session ‖ 0x00 ‖ expert ‖ 0x00 ‖ credential in hex).
//
// # Columns
//
// Of a NAMED round the columns begin with a line "ballot expert secret cells" (hex) for each counted valid ballot, in the package's order of
// experts: it is a ballot as above, it matches the commit of the counted envelope, and together they give the rest. Then for each applicant in
// order a line "applicant id", and one line "code value" per counted valid ballot, sorted by code in hex, no code twice; the value is the cell in
// decimal, of a score its items joined by ",". Rows of different applicants are thus in independent orders and cannot be put together again. The
// number of rows is counted - invalid; the recused among them are as many as counted valid envelopes of experts recused from that applicant. The
// invalid lines of a tally name counted envelopes.
//
// Results. Of a vote base is present, less recused for ATTENDING-RECUSED; need = need(base); PASSED if base > 0 and agree >= need, else FAILED; the
// score's figures are 0. Of a score scored is the number of ballots that scored; each is the sum of its items × weights (1 without item lines);
// sorted, the trim lowest and the trim highest are left out if scored > 2 × trim; kept are left, sum is their sum, mean = 100 × sum ÷ (kept ×
// max(divisor, 1)) rounded down, 0 without any; rank is 1 + the number of applicants with kept > 0 and a higher mean, 0 without any; the vote's
// figures agree, oppose, base, need are 0. decision is NONE without a rule, else PASSED if kept > 0 and rank <= value (TOP) or mean >= value
// (MEAN), else FAILED. A voted line counts the cells of an expert; of a score agree counts those that are scores. Of a secret round a result of
// fewer than three cells that are not recused is shown as its outcome only.
//
// # Receipt
//
// Lines "zp-receipt/2", origin, epoch, index, object id, "ACCEPTED" or "REJECTED reason", the signature line of the reject or "-", the hashes of the
// inclusion proof (base64, joined by ",", or "-"), then the signed checkpoint. What is proved is the envelope, or the reject, which the laptop makes
// itself from the envelope and the signature line. A receipt always is written after the object is durable.
//
// # Evidence
//
// A file: "zp-record/2\n", parts, and the SHA-256 of all before. A part is a tag of four bytes, its length as a big-endian uint32, and its bytes.
// In this order: "KEY " (the server's public key, hex; at most one), "LOG " (one per object), "HEAD" (the checkpoint at the log's size, by the
// present hub, with the present origin), "COL " (round id, "\n", columns: one for each round with a tally, void ones too), "FRST" (an evidence file
// for each depends line, in order, if there is a derive), "OLD " (evidence files of earlier hubs whose logs were not gone on with), "SEEN"
// (checkpoints that laptops hold), "LATE" (anything that came too late). Alarms, which do not make the record wrong: what an OLD log had as a head
// in force and this one has not (no head, a lower version, or the same version with other bytes), a round that OLD had an opening for with another
// close, a SEEN checkpoint that is not a head of the log, and those of laptops. But the record is wrong if one in FRST or OLD does not hold under
// the same server's key, if one in OLD is of another package or not of an earlier epoch, if a SEEN is not signed by the hub, the spare or the hub
// of an epoch, or is of another session or of an epoch to come, if evidence stands in evidence more than four deep, or if a key is given and KEY
// has another. LATE is not looked at.
//
// # Bundle
//
// What is carried on a stick, before age encrypts it to its receiver: "zp-bundle/1\n", the number of objects as a big-endian uint32 (at most 10,000), each
// with its length in front (1 byte to 1 MiB), and the SHA-256 of all before.
//
// # First version
//
// Files written before are read for ever. zp-package/1 has no spare, sparetls, app, mode, reviewer, item and depends lines, and its round lines end
// after items; with it stand zp-attend/1 (without round to newneed), zp-open/1 (without again and reason), zp-reject/1 (without content),
// zp-close/1 (without opened, absent, recused, left and exceptions) and zp-tally/1 (without invalid and voted; result*
// applicant|agree|oppose|abstain|recused|invalid| missing|base|need|decision, of a score scored, sum and mean in the places of agree, base and
// need). A round is then under way while it is OPEN alone, scores have no rank, and a score of which some items are 0xFFFE counts as abstain.
// zp-receipt/1 has no epoch and signature lines. "zp-record/1\n" has parts with their lengths in front: the number of objects (8 bytes), the
// objects, the checkpoint, the columns of each round of the package in order (empty without a tally), and the SHA-256 of all before.
package ballot
