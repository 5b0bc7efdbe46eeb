-- Units and the people who work for them (features A1-A9).
--
-- unit   a unit; superior_id gives the tree. Roles and review posts stand in its message.
-- staff  a person with an account at a unit; what is secret about signing in stands in account.

-- +goose Up
CREATE TABLE unit (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  superior_id TEXT NOT NULL, name TEXT NOT NULL, credit_code TEXT NOT NULL, kind INTEGER NOT NULL, division TEXT NOT NULL, nature TEXT NOT NULL
);
CREATE UNIQUE INDEX unit_credit_code ON unit (credit_code);
CREATE INDEX unit_superior ON unit (superior_id, updated_at, id);
CREATE INDEX unit_superior_state ON unit (superior_id, state, updated_at, id);
CREATE INDEX unit_superior_name ON unit (superior_id, name, id);

CREATE TABLE staff (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  unit_id TEXT NOT NULL, name TEXT NOT NULL, account TEXT NOT NULL
);
CREATE INDEX staff_unit ON staff (unit_id, updated_at, id);
CREATE INDEX staff_unit_state ON staff (unit_id, state, updated_at, id);
