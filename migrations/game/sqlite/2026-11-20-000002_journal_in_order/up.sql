-- Lines stand in the order in which they are written, whatever game they belong to, and so do the ids of commands
-- (UUIDv7): moves that share a commit then share its pages. Clustered by game, each move wrote two or three of its own.
CREATE TABLE journal_in_order (
    game BLOB NOT NULL,
    seq INTEGER NOT NULL CHECK (seq > 0),
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    seat INTEGER CHECK (seat IN (0, 1)),
    cid BLOB,
    act TEXT,
    PRIMARY KEY (game, seq),
    CHECK ((seat IS NULL) = (cid IS NULL) AND (cid IS NULL) = (act IS NULL))
) STRICT;
INSERT INTO journal_in_order SELECT game, seq, at, body, seat, cid, act FROM journal ORDER BY game, seq;
DROP TABLE journal;
ALTER TABLE journal_in_order RENAME TO journal;
CREATE UNIQUE INDEX journal_cid_game_seat_key ON journal (cid, game, seat) WHERE cid IS NOT NULL;
