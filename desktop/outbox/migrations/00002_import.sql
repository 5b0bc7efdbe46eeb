-- Workbooks on their way to the server: read and checked here, corrected, confirmed, handed over row by row.
--
-- import      one workbook: which template and for what (an activity), the SHA-256 of its bytes; about is its name and who read it, sealed.
--             READING until it was read whole, then READ; CONFIRMED while good rows go to the server, DONE when none is left; DROPPED when
--             another file took its place
-- import_row  its rows with what stands in their cells, sealed: GOOD and FAILED still wait here, SENT is in the mutation of that number, TAKEN
--             is with the server. The content is forgotten once the server has it

-- +goose Up
CREATE TABLE import (
  id TEXT PRIMARY KEY, template TEXT NOT NULL, subject TEXT NOT NULL, hash TEXT NOT NULL, at INTEGER NOT NULL, about BLOB NOT NULL, state TEXT NOT NULL
) STRICT;
CREATE INDEX import_file ON import (template, subject, hash);
CREATE TABLE import_row (
  import TEXT NOT NULL REFERENCES import (id), seq INTEGER NOT NULL, state TEXT NOT NULL, mutation INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL,
  PRIMARY KEY (import, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_row_state ON import_row (import, state, seq);
