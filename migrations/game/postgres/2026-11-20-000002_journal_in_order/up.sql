-- The same uniqueness, the id first: ids of commands are UUIDv7, so new entries stand side by side at the end of the
-- index, and moves that come together share its pages.
CREATE UNIQUE INDEX journal_cid_game_seat_key ON journal (cid, game, seat) WHERE cid IS NOT NULL;
DROP INDEX journal_game_seat_cid_key;
