CREATE UNIQUE INDEX journal_game_seat_cid_key ON journal (game, seat, cid) WHERE cid IS NOT NULL;
DROP INDEX journal_cid_game_seat_key;
