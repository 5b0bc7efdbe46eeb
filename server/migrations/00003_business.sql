-- The business up to the committee's table (features C1-F1).
--
-- person       one row per human being; digest is a keyed hash of kind and number of the ID, so that the table alone tells no numbers
-- committee    a review committee with its filing
-- expert       a person as a member of a committee
-- activity     a review activity; open_to is "all" once it is published
-- application  an application; committee_unit_id is set once it is reported, authority_id once it is to be confirmed, so that the lists of
--              those who then have it are plain columns; bar is the year that a refusal bars its person for

-- +goose Up
CREATE TABLE person (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  digest TEXT NOT NULL
);
CREATE UNIQUE INDEX person_digest ON person (digest);

CREATE TABLE committee (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  unit_id TEXT NOT NULL, authorising_id TEXT NOT NULL, name TEXT NOT NULL, series TEXT NOT NULL
);
CREATE INDEX committee_unit ON committee (unit_id, updated_at, id);
CREATE INDEX committee_unit_state ON committee (unit_id, state, updated_at, id);
CREATE INDEX committee_authorising ON committee (authorising_id, updated_at, id);
CREATE INDEX committee_authorising_state ON committee (authorising_id, state, updated_at, id);

CREATE TABLE expert (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  unit_id TEXT NOT NULL, committee_id TEXT NOT NULL, person_id TEXT NOT NULL, name TEXT NOT NULL, specialty TEXT NOT NULL, work_unit TEXT NOT NULL
);
CREATE UNIQUE INDEX expert_person ON expert (committee_id, person_id);
CREATE INDEX expert_unit ON expert (unit_id, updated_at, id);
CREATE INDEX expert_unit_state ON expert (unit_id, state, updated_at, id);
CREATE INDEX expert_committee_state ON expert (committee_id, state, id);

CREATE TABLE activity (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  unit_id TEXT NOT NULL, committee_id TEXT NOT NULL, open_to TEXT NOT NULL, name TEXT NOT NULL, year INTEGER NOT NULL
);
CREATE INDEX activity_unit ON activity (unit_id, updated_at, id);
CREATE INDEX activity_unit_state ON activity (unit_id, state, updated_at, id);
CREATE INDEX activity_open ON activity (open_to, updated_at, id);
CREATE INDEX activity_open_state ON activity (open_to, state, updated_at, id);
CREATE INDEX activity_committee ON activity (committee_id, year);

CREATE TABLE application (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  unit_id TEXT NOT NULL, committee_unit_id TEXT NOT NULL, authority_id TEXT NOT NULL, activity_id TEXT NOT NULL, person_id TEXT NOT NULL,
  name TEXT NOT NULL, work_unit TEXT NOT NULL, series TEXT NOT NULL, level TEXT NOT NULL, specialty TEXT NOT NULL, method TEXT NOT NULL, bar INTEGER NOT NULL
);
CREATE INDEX application_unit ON application (unit_id, updated_at, id);
CREATE INDEX application_unit_state ON application (unit_id, state, updated_at, id);
CREATE INDEX application_committee ON application (committee_unit_id, updated_at, id);
CREATE INDEX application_committee_state ON application (committee_unit_id, state, updated_at, id);
CREATE INDEX application_authority ON application (authority_id, updated_at, id);
CREATE INDEX application_authority_state ON application (authority_id, state, updated_at, id);
CREATE INDEX application_activity ON application (activity_id, state, id);
CREATE INDEX application_person ON application (person_id);
