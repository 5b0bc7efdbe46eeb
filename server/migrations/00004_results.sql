-- From the meeting to the certificate (features F1-H2).
--
-- meeting       a review meeting: draw, panel, package, results
-- publicity     the announcement of a meeting's results and the objections to them
-- confirmation  one qualification document with the people it names
-- certificate   an issued certificate; its number is never used again
-- serial        the counters that certificate numbers are taken from, in the issuing transaction

-- +goose Up
CREATE TABLE meeting (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  unit_id TEXT NOT NULL, authorising_id TEXT NOT NULL, activity_id TEXT NOT NULL, name TEXT NOT NULL, held_on TEXT NOT NULL
);
CREATE INDEX meeting_unit ON meeting (unit_id, updated_at, id);
CREATE INDEX meeting_unit_state ON meeting (unit_id, state, updated_at, id);
CREATE INDEX meeting_authorising ON meeting (authorising_id, updated_at, id);
CREATE INDEX meeting_authorising_state ON meeting (authorising_id, state, updated_at, id);

CREATE TABLE publicity (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  unit_id TEXT NOT NULL, authorising_id TEXT NOT NULL, meeting_id TEXT NOT NULL
);
CREATE UNIQUE INDEX publicity_meeting ON publicity (meeting_id);
CREATE INDEX publicity_unit ON publicity (unit_id, updated_at, id);
CREATE INDEX publicity_unit_state ON publicity (unit_id, state, updated_at, id);
CREATE INDEX publicity_authorising ON publicity (authorising_id, updated_at, id);
CREATE INDEX publicity_authorising_state ON publicity (authorising_id, state, updated_at, id);

CREATE TABLE confirmation (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  unit_id TEXT NOT NULL, committee_unit_id TEXT NOT NULL, document_number TEXT NOT NULL
);
CREATE INDEX confirmation_unit ON confirmation (unit_id, updated_at, id);
CREATE INDEX confirmation_unit_state ON confirmation (unit_id, state, updated_at, id);
CREATE INDEX confirmation_committee ON confirmation (committee_unit_id, updated_at, id);
CREATE INDEX confirmation_committee_state ON confirmation (committee_unit_id, state, updated_at, id);

CREATE TABLE certificate (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  unit_id TEXT NOT NULL, committee_unit_id TEXT NOT NULL, applicant_unit_id TEXT NOT NULL, application_id TEXT NOT NULL,
  certificate_number TEXT NOT NULL, name TEXT NOT NULL, document_number TEXT NOT NULL
);
CREATE UNIQUE INDEX certificate_number ON certificate (certificate_number);
CREATE UNIQUE INDEX certificate_application ON certificate (application_id);
CREATE INDEX certificate_unit ON certificate (unit_id, updated_at, id);
CREATE INDEX certificate_unit_state ON certificate (unit_id, state, updated_at, id);
CREATE INDEX certificate_committee ON certificate (committee_unit_id, updated_at, id);
CREATE INDEX certificate_committee_state ON certificate (committee_unit_id, state, updated_at, id);
CREATE INDEX certificate_applicant ON certificate (applicant_unit_id, updated_at, id);
CREATE INDEX certificate_applicant_state ON certificate (applicant_unit_id, state, updated_at, id);

CREATE TABLE serial (unit_id TEXT NOT NULL, year INTEGER NOT NULL, last BIGINT NOT NULL, PRIMARY KEY (unit_id, year));
