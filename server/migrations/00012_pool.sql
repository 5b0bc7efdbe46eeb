-- Expert pools by committee (features C4, C5).
--
-- expert          gains the position, so that a pool's chairs are found without reading everybody; counters by committee (scope 'pool')
-- pool            what a committee's pool comes to: names of its chairs, how many are in it and wait; kept with every change of an expert
-- recommendation  a person whom a subordinate unit recommends into a pool

-- +goose Up
ALTER TABLE expert ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
CREATE INDEX expert_position ON expert (committee_id, position, state, id);
CREATE INDEX expert_committee ON expert (committee_id, updated_at, id);
CREATE INDEX expert_committee_tab ON expert (committee_id, state, updated_at, id);
CREATE INDEX expert_committee_name ON expert (committee_id, name, id);
CREATE INDEX expert_of_person ON expert (person_id);
INSERT INTO counter (kind, scope, owner, state, n) SELECT 'expert', 'pool', committee_id, state, count(*) FROM expert GROUP BY committee_id, state;

CREATE TABLE pool (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  unit_id TEXT NOT NULL, authorising_id TEXT NOT NULL, name TEXT NOT NULL
);
CREATE INDEX pool_unit ON pool (unit_id, updated_at, id);
CREATE INDEX pool_authorising ON pool (authorising_id, updated_at, id);
CREATE INDEX pool_authorising_state ON pool (authorising_id, state, updated_at, id);

CREATE TABLE recommendation (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  unit_id TEXT NOT NULL, committee_id TEXT NOT NULL, name TEXT NOT NULL, work_unit TEXT NOT NULL
);
CREATE INDEX recommendation_unit ON recommendation (unit_id, updated_at, id);
CREATE INDEX recommendation_unit_state ON recommendation (unit_id, state, updated_at, id);
