CREATE TABLE journal_by_game (
    game BLOB NOT NULL,
    seq INTEGER NOT NULL CHECK (seq > 0),
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    seat INTEGER CHECK (seat IN (0, 1)),
    cid BLOB,
    act TEXT,
    PRIMARY KEY (game, seq),
    CHECK ((seat IS NULL) = (cid IS NULL) AND (cid IS NULL) = (act IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO journal_by_game SELECT game, seq, at, body, seat, cid, act FROM journal;
DROP TABLE journal;
ALTER TABLE journal_by_game RENAME TO journal;
CREATE UNIQUE INDEX journal_game_seat_cid_key ON journal (game, seat, cid) WHERE cid IS NOT NULL;
