-- What every domain stands on.
--
-- head        named counters, updated under their row's lock so that numbers follow commit order: feed, audit
-- setting     facts about this database: its epoch
-- feed        who has to fetch what: one row per viewer and record, the newest change only is kept per (viewer, kind, id)
-- audit_entry one entry per command that changed something; audit_hash the Merkle log over them (golang.org/x/mod/sumdb/tlog)
-- mutation    the answer of every mutation that was run, so that sending it again does nothing (sync.md)
-- counter     how many records of a kind stand in a state, by scope and owner: the numbers on the tabs
-- seat        how a case under review looks from one unit on its route (D3)
-- account     what a person signs in with; session the tokens, by their SHA-256

-- +goose Up
CREATE TABLE head (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
INSERT INTO head (name, value) VALUES ('feed', 0);
INSERT INTO head (name, value) VALUES ('audit', 0);

CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE feed (
  viewer TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
  seq BIGINT NOT NULL, revision BIGINT NOT NULL, gone BOOLEAN NOT NULL,
  PRIMARY KEY (viewer, kind, id)
);
CREATE INDEX feed_order ON feed (viewer, seq);

CREATE TABLE audit_entry (n BIGINT PRIMARY KEY, at BIGINT NOT NULL, entry TEXT NOT NULL);
CREATE TABLE audit_hash (idx BIGINT PRIMARY KEY, hash BYTEA NOT NULL);

CREATE TABLE mutation (
  account TEXT NOT NULL, client TEXT NOT NULL, number BIGINT NOT NULL,
  digest BYTEA NOT NULL, answer BYTEA, fault BYTEA, at BIGINT NOT NULL,
  PRIMARY KEY (account, client, number)
);

CREATE TABLE counter (
  kind TEXT NOT NULL, scope TEXT NOT NULL, owner TEXT NOT NULL, state TEXT NOT NULL, n BIGINT NOT NULL,
  PRIMARY KEY (kind, scope, owner, state)
);

CREATE TABLE seat (
  matter INTEGER NOT NULL, subject TEXT NOT NULL, unit_id TEXT NOT NULL,
  tab INTEGER NOT NULL, level INTEGER NOT NULL, updated_at BIGINT NOT NULL,
  PRIMARY KEY (matter, subject, unit_id)
);
CREATE INDEX seat_tab ON seat (matter, unit_id, tab, updated_at, subject);
CREATE INDEX seat_unit ON seat (matter, unit_id, updated_at, subject);

CREATE TABLE account (
  account TEXT PRIMARY KEY, staff_id TEXT NOT NULL UNIQUE, hash TEXT NOT NULL,
  failed INTEGER NOT NULL, locked_until BIGINT NOT NULL, disabled BOOLEAN NOT NULL
);
CREATE TABLE session (token BYTEA PRIMARY KEY, staff_id TEXT NOT NULL, created BIGINT NOT NULL, expires BIGINT NOT NULL);
CREATE INDEX session_staff ON session (staff_id);
