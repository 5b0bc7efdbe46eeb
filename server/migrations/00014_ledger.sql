-- The logs of rooms that the server itself sequences (voting.md).
--
-- ledger_object  the objects of a session's log in order, each with its SHA-256
-- ledger_hash    the stored hashes of its Merkle tree (golang.org/x/mod/sumdb/tlog)

-- +goose Up
CREATE TABLE ledger_object (
  session TEXT NOT NULL, i BIGINT NOT NULL, body BYTEA NOT NULL, sum BYTEA NOT NULL,
  PRIMARY KEY (session, i)
);
CREATE TABLE ledger_hash (
  session TEXT NOT NULL, i BIGINT NOT NULL, hash BYTEA NOT NULL,
  PRIMARY KEY (session, i)
);
