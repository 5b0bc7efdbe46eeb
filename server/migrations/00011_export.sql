-- Lists that were taken out of the system as workbooks.
--
-- export   who has written which list into a workbook, under which conditions, how many rows, with whole numbers or masked ones

-- +goose Up
CREATE TABLE export (
  id TEXT PRIMARY KEY, revision BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, state TEXT NOT NULL,
  unit_id TEXT NOT NULL
);
CREATE INDEX export_unit ON export (unit_id, updated_at, id);
