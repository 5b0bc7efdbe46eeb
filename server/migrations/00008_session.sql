-- Signing in (features A2, A3, A6).
--
-- account   gains whether its password was set by somebody else, who must not know it for long; counting failures moves to attempt
-- attempt   failed sign-ins by the digest of the name that was typed, whether there is such an account or not: until when no other is taken
-- session   gains what people tell sessions apart by; those of before are over
-- staff     gains the number of the ID, by which a person is found who signs in at a provider for the first time (accounts of before are
--           found once they have been saved again)
-- identity  who a member of staff is at a provider (OpenID Connect: the pair of provider and subject)
-- ticket    somebody whom a provider has vouched for and who has no account yet, by the SHA-256 of the ticket

-- +goose Up
ALTER TABLE account ADD COLUMN must_change BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE account DROP COLUMN failed;
ALTER TABLE account DROP COLUMN locked_until;

CREATE TABLE attempt (name BYTEA PRIMARY KEY, failed INTEGER NOT NULL, until BIGINT NOT NULL);

DROP TABLE session;
CREATE TABLE session (
  token BYTEA PRIMARY KEY, id TEXT NOT NULL UNIQUE, staff_id TEXT NOT NULL, provider TEXT NOT NULL, device TEXT NOT NULL,
  created BIGINT NOT NULL, last_seen BIGINT NOT NULL, expires BIGINT NOT NULL
);
CREATE INDEX session_staff ON session (staff_id);

ALTER TABLE staff ADD COLUMN number TEXT NOT NULL DEFAULT '';
CREATE INDEX staff_number ON staff (number);

CREATE TABLE identity (
  provider TEXT NOT NULL, subject TEXT NOT NULL, staff_id TEXT NOT NULL, created BIGINT NOT NULL,
  PRIMARY KEY (provider, subject)
);
CREATE UNIQUE INDEX identity_staff ON identity (staff_id, provider);

CREATE TABLE ticket (
  ticket BYTEA PRIMARY KEY, provider TEXT NOT NULL, subject TEXT NOT NULL, name TEXT NOT NULL, number TEXT NOT NULL, phone TEXT NOT NULL, expires BIGINT NOT NULL
);
