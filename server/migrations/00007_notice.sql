-- Announcements (feature J3).
--
-- notice  an announcement; open_to is '*' while it is published, so that everybody's list is one index

-- +goose Up
CREATE TABLE notice (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  unit_id TEXT NOT NULL, open_to TEXT NOT NULL, kind INTEGER NOT NULL, title TEXT NOT NULL, published_at BIGINT NOT NULL
);
CREATE INDEX notice_unit ON notice (unit_id, updated_at, id);
CREATE INDEX notice_unit_state ON notice (unit_id, state, updated_at, id);
CREATE INDEX notice_open ON notice (open_to, published_at, id);
CREATE INDEX notice_open_kind ON notice (open_to, kind, published_at, id);
CREATE INDEX notice_unit_title ON notice (unit_id, title, id);
CREATE INDEX notice_open_title ON notice (open_to, title, id);
