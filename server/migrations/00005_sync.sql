-- What a desktop that works without a network needs of the server (sync.md).
--
-- client  the outboxes: the number of the last mutation each has had run; numbers are contiguous
-- made    which revision of which record a mutation of an outbox made, so that the next one can be based on "my mutation n"
-- digest  count and sum of hashes of what each viewer sees, by kind: what a mirror is compared with at the end of a pull
-- feed    gains the hash of its row, when the change was made and by whom

-- +goose Up
CREATE TABLE client (account TEXT NOT NULL, client TEXT NOT NULL, last BIGINT NOT NULL, seen_at BIGINT NOT NULL, PRIMARY KEY (account, client));
CREATE TABLE made (
  account TEXT NOT NULL, client TEXT NOT NULL, number BIGINT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, revision BIGINT NOT NULL,
  PRIMARY KEY (account, client, number, id, kind)
);
CREATE TABLE digest (viewer TEXT NOT NULL, kind TEXT NOT NULL, count BIGINT NOT NULL, sum BIGINT NOT NULL, PRIMARY KEY (viewer, kind));
CREATE INDEX mutation_at ON mutation (at);
ALTER TABLE feed ADD COLUMN hash BIGINT NOT NULL DEFAULT 0;
ALTER TABLE feed ADD COLUMN at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE feed ADD COLUMN by_whom TEXT NOT NULL DEFAULT '';
