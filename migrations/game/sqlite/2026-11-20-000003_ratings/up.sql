-- Whether a game counts for its players' ratings. Every game before this was one between people.
ALTER TABLE game_invites ADD COLUMN rated INTEGER NOT NULL DEFAULT 1 CHECK (rated IN (0, 1));
ALTER TABLE games ADD COLUMN rated INTEGER NOT NULL DEFAULT 1 CHECK (rated IN (0, 1));
-- Set where a game was voided after it had ended.
ALTER TABLE games ADD COLUMN voided_at INTEGER;
-- Finds the games of two people, whoever sat first.
CREATE INDEX games_pair ON games (first_player, second_player, id);

-- Finished rated games that no rating knows yet, written in the transaction of a game's last line.
CREATE TABLE unrated_games (
    game BLOB NOT NULL PRIMARY KEY,
    ended_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX unrated_games_order ON unrated_games (ended_at, game);

-- How strong somebody is under one family of rule sets, as of the last rated game. The number of the last entry is the
-- row's version.
CREATE TABLE ratings (
    account BLOB NOT NULL,
    family TEXT NOT NULL,
    entries INTEGER NOT NULL CHECK (entries > 0),
    rating REAL NOT NULL,
    deviation REAL NOT NULL CHECK (deviation > 0),
    volatility REAL NOT NULL CHECK (volatility > 0),
    played_at INTEGER NOT NULL,
    -- Until when the deviation, growing by the day, stays small enough; none while it is provisional.
    established_until INTEGER,
    wins INTEGER NOT NULL DEFAULT 0 CHECK (wins >= 0),
    losses INTEGER NOT NULL DEFAULT 0 CHECK (losses >= 0),
    draws INTEGER NOT NULL DEFAULT 0 CHECK (draws >= 0),
    PRIMARY KEY (account, family)
) STRICT, WITHOUT ROWID;
CREATE INDEX ratings_board ON ratings (family, rating, account);

-- Every change of a rating, numbered without gaps. Only ever appended.
CREATE TABLE rating_entries (
    account BLOB NOT NULL,
    family TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    game BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('game', 'void')),
    result TEXT NOT NULL CHECK (result IN ('win', 'loss', 'draw')),
    rating_before REAL NOT NULL,
    rating_after REAL NOT NULL,
    deviation REAL NOT NULL,
    volatility REAL NOT NULL,
    opponent BLOB NOT NULL,
    opponent_rating REAL NOT NULL,
    opponent_deviation REAL NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (account, family, number)
) STRICT, WITHOUT ROWID;
-- A game counts once for each player, and is taken back once.
CREATE UNIQUE INDEX rating_entries_game_account_kind_key ON rating_entries (game, account, kind);

-- Results of finished games between two accounts under one family of rule sets, the lower id first.
CREATE TABLE pair_families (
    low BLOB NOT NULL,
    high BLOB NOT NULL,
    family TEXT NOT NULL,
    low_wins INTEGER NOT NULL DEFAULT 0,
    high_wins INTEGER NOT NULL DEFAULT 0,
    drawn INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (low, high, family),
    CHECK (low < high)
) STRICT, WITHOUT ROWID;

INSERT INTO unrated_games (game, ended_at) SELECT id, ended_at FROM games WHERE status = 'finished';
INSERT INTO pair_families (low, high, family, low_wins, high_wins, drawn)
SELECT min(first_player, second_player), max(first_player, second_player), substr(rules, 1, instr(rules, '@') - 1),
    sum((winner IS 0 AND first_player < second_player) OR (winner IS 1 AND second_player < first_player)),
    sum((winner IS 1 AND first_player < second_player) OR (winner IS 0 AND second_player < first_player)),
    sum(winner IS NULL)
FROM games WHERE status = 'finished' GROUP BY 1, 2, 3;
