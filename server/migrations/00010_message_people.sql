-- Messages to people (feature J1).
--
-- delivery.recipient       who receives the message, as the viewer name: 'unit:…' or 'person:…'
-- delivery.recipient_name  the unit's or the person's name, for the sender's search

-- +goose Up
ALTER TABLE delivery RENAME COLUMN unit_id TO recipient;
ALTER TABLE delivery RENAME COLUMN unit_name TO recipient_name;
UPDATE delivery SET recipient = 'unit:' || recipient;
UPDATE counter SET owner = 'unit:' || owner WHERE kind = 'delivery' AND scope = 'received';
