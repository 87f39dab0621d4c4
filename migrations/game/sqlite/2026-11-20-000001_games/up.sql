CREATE TABLE game_invites (
    id BLOB NOT NULL PRIMARY KEY,
    game BLOB NOT NULL,
    creator BLOB NOT NULL,
    invitee BLOB NOT NULL,
    rules TEXT NOT NULL,
    commitment BLOB NOT NULL CHECK (length(commitment) = 32),
    entropy BLOB CHECK (length(entropy) = 32),
    entropy_rev INTEGER NOT NULL DEFAULT 0,
    rematch_of BLOB,
    state TEXT NOT NULL CHECK (state IN ('pending', 'accepted', 'declined', 'cancelled', 'expired')),
    reason TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    closed_at INTEGER,
    CHECK (creator <> invitee),
    CHECK ((state = 'pending') = (closed_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX game_invites_game_key ON game_invites (game);
CREATE INDEX game_invites_creator ON game_invites (creator, id);
CREATE INDEX game_invites_invitee ON game_invites (invitee, id);
CREATE INDEX game_invites_pending ON game_invites (expires_at) WHERE state = 'pending';
-- At most one open offer of a rematch of each game.
CREATE UNIQUE INDEX game_invites_rematch_of_key ON game_invites (rematch_of) WHERE state = 'pending' AND rematch_of IS NOT NULL;

-- The secret of each game, sealed. Nothing else is kept beside it.
CREATE TABLE game_seeds (
    game BLOB NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE games (
    id BLOB NOT NULL PRIMARY KEY,
    first_player BLOB NOT NULL,
    second_player BLOB NOT NULL,
    rules TEXT NOT NULL,
    rematch_of BLOB,
    status TEXT NOT NULL CHECK (status IN ('active', 'finished', 'voided')),
    winner INTEGER CHECK (winner IN (0, 1)),
    reason TEXT,
    rounds INTEGER NOT NULL DEFAULT 0,
    first_points INTEGER NOT NULL DEFAULT 0,
    second_points INTEGER NOT NULL DEFAULT 0,
    first_wins INTEGER NOT NULL DEFAULT 0,
    second_wins INTEGER NOT NULL DEFAULT 0,
    last_seq INTEGER,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK (first_player <> second_player),
    CHECK ((status = 'active') = (ended_at IS NULL)),
    CHECK ((status = 'active') = (last_seq IS NULL)),
    CHECK (winner IS NULL OR status = 'finished')
) STRICT, WITHOUT ROWID;

-- The truth about every game: one row for each line, clustered by game.
CREATE TABLE journal (
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
CREATE UNIQUE INDEX journal_game_seat_cid_key ON journal (game, seat, cid) WHERE cid IS NOT NULL;

-- One row for each game that is being played: the head of its journal and its next deadline. Small on purpose; due
-- rows are found by reading it whole, which is cheaper than an index that every move would change.
CREATE TABLE running_games (
    game BLOB NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL,
    due_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE participants (
    account BLOB NOT NULL,
    game BLOB NOT NULL,
    seat INTEGER NOT NULL CHECK (seat IN (0, 1)),
    PRIMARY KEY (account, game)
) STRICT, WITHOUT ROWID;

-- Results of finished games between two accounts, the lower id first.
CREATE TABLE pair_scores (
    low BLOB NOT NULL,
    high BLOB NOT NULL,
    low_wins INTEGER NOT NULL DEFAULT 0,
    high_wins INTEGER NOT NULL DEFAULT 0,
    drawn INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (low, high),
    CHECK (low < high)
) STRICT, WITHOUT ROWID;

-- Until when a node vouches that somebody is there. A seat whose leases have all lapsed is away.
CREATE TABLE seat_leases (
    game BLOB NOT NULL,
    seat INTEGER NOT NULL CHECK (seat IN (0, 1)),
    node BLOB NOT NULL,
    held INTEGER NOT NULL CHECK (held IN (0, 1)),
    seen_until INTEGER NOT NULL,
    PRIMARY KEY (game, seat, node)
) STRICT, WITHOUT ROWID;

CREATE TABLE nodes (
    id BLOB NOT NULL PRIMARY KEY,
    alive_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE play_restrictions (
    account BLOB NOT NULL PRIMARY KEY,
    until INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE reconnect_tokens (
    mac BLOB NOT NULL PRIMARY KEY CHECK (length(mac) = 32),
    game BLOB NOT NULL,
    seat INTEGER NOT NULL CHECK (seat IN (0, 1)),
    account BLOB NOT NULL,
    session BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX reconnect_tokens_account ON reconnect_tokens (account, session);
CREATE INDEX reconnect_tokens_expiry ON reconnect_tokens (expires_at);
