-- The sessions of meetings whose packages have been issued (voting.md).
--
-- room       one row per session: who may write its log now (holder is SERVER or HUB, with the key and the epoch), how long the log is that the server
--            keeps of it (size: every append raises it under holder = SERVER, so that of two servers one appends, and none once a hub has the
--            lease), and how the session ended (ended is '', ARCHIVED or RELEASED). pairing is what booths need to talk to the server.
-- room_part  what belongs to a session and is no object of its log: columns by round (COL), checkpoints that laptops hold (SEEN), what came too
--            late (LATE), check-ins that wait for staff by expert (PEND)

-- +goose Up
CREATE TABLE room (
  session TEXT PRIMARY KEY, meeting_id TEXT NOT NULL, unit_id TEXT NOT NULL, holder TEXT NOT NULL, hub TEXT NOT NULL, epoch BIGINT NOT NULL,
  size BIGINT NOT NULL, ended TEXT NOT NULL, rehearsal BOOLEAN NOT NULL, pairing TEXT NOT NULL, server TEXT NOT NULL, package BYTEA NOT NULL
);
CREATE INDEX room_meeting ON room (meeting_id);
CREATE INDEX room_pairing ON room (pairing);
CREATE TABLE room_part (
  session TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, body BYTEA NOT NULL,
  PRIMARY KEY (session, kind, name)
);
