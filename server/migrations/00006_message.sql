-- Messages from unit to unit (features J1, J2).
--
-- message   what a unit has sent
-- delivery  a message at one recipient, with who has read it; its state gives the number on the tab of unread ones

-- +goose Up
CREATE TABLE message (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  unit_id TEXT NOT NULL, title TEXT NOT NULL
);
CREATE INDEX message_unit ON message (unit_id, updated_at, id);
CREATE INDEX message_unit_title ON message (unit_id, title, id);

CREATE TABLE delivery (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  unit_id TEXT NOT NULL, message_id TEXT NOT NULL, title TEXT NOT NULL, unit_name TEXT NOT NULL, sender_name TEXT NOT NULL
);
CREATE INDEX delivery_unit ON delivery (unit_id, updated_at, id);
CREATE INDEX delivery_unit_state ON delivery (unit_id, state, updated_at, id);
CREATE INDEX delivery_message ON delivery (message_id, updated_at, id);
CREATE INDEX delivery_message_state ON delivery (message_id, state, updated_at, id);
CREATE INDEX delivery_unit_title ON delivery (unit_id, title, id);
CREATE INDEX delivery_unit_sender ON delivery (unit_id, sender_name, id);
