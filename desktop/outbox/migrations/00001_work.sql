-- What a clerk has done on this machine and may never lose (sync.md): never deleted by the program, migrated forward only.
--
-- setting   the outbox's own name towards the server, and who was signed in last
-- mutation  every change that was made here, under a number without gaps: first PENDING, then APPLIED, REJECTED or CONFLICT with the answer;
--           kept thirty days after that. choice says what the clerk decided about a refused one
-- draft     forms that are being filled in

-- +goose Up
CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE mutation (
  number INTEGER PRIMARY KEY, at INTEGER NOT NULL, procedure TEXT NOT NULL, request BLOB NOT NULL,
  state TEXT NOT NULL, status INTEGER NOT NULL DEFAULT 0, answer BLOB, done_at INTEGER NOT NULL DEFAULT 0, choice TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX mutation_state ON mutation (state, number);
CREATE TABLE draft (name TEXT PRIMARY KEY, at INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
