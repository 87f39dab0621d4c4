-- Whether a game counts for its players' ratings. Every game before this was one between people.
ALTER TABLE game_invites ADD COLUMN rated boolean NOT NULL DEFAULT true;
ALTER TABLE games ADD COLUMN rated boolean NOT NULL DEFAULT true;
-- Set where a game was voided after it had ended.
ALTER TABLE games ADD COLUMN voided_at timestamptz;
-- Finds the games of two people, whoever sat first.
CREATE INDEX games_pair ON games (first_player, second_player, id);

-- Finished rated games that no rating knows yet, written in the transaction of a game's last line.
CREATE TABLE unrated_games (
    game uuid NOT NULL PRIMARY KEY,
    ended_at timestamptz NOT NULL
);
CREATE INDEX unrated_games_order ON unrated_games (ended_at, game);

-- How strong somebody is under one family of rule sets, as of the last rated game. The number of the last entry is the
-- row's version.
CREATE TABLE ratings (
    account uuid NOT NULL,
    family text NOT NULL,
    entries bigint NOT NULL CHECK (entries > 0),
    rating double precision NOT NULL,
    deviation double precision NOT NULL CHECK (deviation > 0),
    volatility double precision NOT NULL CHECK (volatility > 0),
    played_at timestamptz NOT NULL,
    -- Until when the deviation, growing by the day, stays small enough; none while it is provisional.
    established_until timestamptz,
    wins bigint NOT NULL DEFAULT 0 CHECK (wins >= 0),
    losses bigint NOT NULL DEFAULT 0 CHECK (losses >= 0),
    draws bigint NOT NULL DEFAULT 0 CHECK (draws >= 0),
    PRIMARY KEY (account, family)
);
CREATE INDEX ratings_board ON ratings (family, rating, account);

-- Every change of a rating, numbered without gaps. Only ever appended.
CREATE TABLE rating_entries (
    account uuid NOT NULL,
    family text NOT NULL,
    number bigint NOT NULL CHECK (number > 0),
    game uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('game', 'void')),
    result text NOT NULL CHECK (result IN ('win', 'loss', 'draw')),
    rating_before double precision NOT NULL,
    rating_after double precision NOT NULL,
    deviation double precision NOT NULL,
    volatility double precision NOT NULL,
    opponent uuid NOT NULL,
    opponent_rating double precision NOT NULL,
    opponent_deviation double precision NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (account, family, number)
);
-- A game counts once for each player, and is taken back once.
CREATE UNIQUE INDEX rating_entries_game_account_kind_key ON rating_entries (game, account, kind);

-- Results of finished games between two accounts under one family of rule sets, the lower id first.
CREATE TABLE pair_families (
    low uuid NOT NULL,
    high uuid NOT NULL,
    family text NOT NULL,
    low_wins bigint NOT NULL DEFAULT 0,
    high_wins bigint NOT NULL DEFAULT 0,
    drawn bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (low, high, family),
    CHECK (low < high)
);

INSERT INTO unrated_games (game, ended_at) SELECT id, ended_at FROM games WHERE status = 'finished';
INSERT INTO pair_families (low, high, family, low_wins, high_wins, drawn)
SELECT least(first_player, second_player), greatest(first_player, second_player), split_part(rules, '@', 1),
    count(*) FILTER (WHERE (winner = 0 AND first_player < second_player) OR (winner = 1 AND second_player < first_player)),
    count(*) FILTER (WHERE (winner = 1 AND first_player < second_player) OR (winner = 0 AND second_player < first_player)),
    count(*) FILTER (WHERE winner IS NULL)
FROM games WHERE status = 'finished' GROUP BY 1, 2, 3;
