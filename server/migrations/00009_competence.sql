-- The competent-department map (feature A10) and the numbers of the first page (B3).
--
-- competence     which department receives the employers' material for a committee, as a unit has set it for the units below it
-- counter_owner  all counters of one unit in one read

-- +goose Up
CREATE TABLE competence (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  unit_id TEXT NOT NULL, committee_id TEXT NOT NULL
);
CREATE UNIQUE INDEX competence_of ON competence (unit_id, committee_id);
CREATE INDEX competence_unit ON competence (unit_id, updated_at, id);
CREATE INDEX counter_owner ON counter (owner);
