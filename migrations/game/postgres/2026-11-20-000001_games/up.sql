CREATE TABLE game_invites (
    id uuid NOT NULL PRIMARY KEY,
    game uuid NOT NULL,
    creator uuid NOT NULL,
    invitee uuid NOT NULL,
    rules text NOT NULL,
    commitment bytea NOT NULL CHECK (length(commitment) = 32),
    entropy bytea CHECK (length(entropy) = 32),
    entropy_rev integer NOT NULL DEFAULT 0,
    rematch_of uuid,
    state text NOT NULL CHECK (state IN ('pending', 'accepted', 'declined', 'cancelled', 'expired')),
    reason text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    closed_at timestamptz,
    CHECK (creator <> invitee),
    CHECK ((state = 'pending') = (closed_at IS NULL))
);
CREATE UNIQUE INDEX game_invites_game_key ON game_invites (game);
CREATE INDEX game_invites_creator ON game_invites (creator, id);
CREATE INDEX game_invites_invitee ON game_invites (invitee, id);
CREATE INDEX game_invites_pending ON game_invites (expires_at) WHERE state = 'pending';
-- At most one open offer of a rematch of each game.
CREATE UNIQUE INDEX game_invites_rematch_of_key ON game_invites (rematch_of) WHERE state = 'pending' AND rematch_of IS NOT NULL;

-- The secret of each game, sealed. Nothing else is kept beside it.
CREATE TABLE game_seeds (
    game uuid NOT NULL PRIMARY KEY,
    sealed bytea NOT NULL
);

CREATE TABLE games (
    id uuid NOT NULL PRIMARY KEY,
    first_player uuid NOT NULL,
    second_player uuid NOT NULL,
    rules text NOT NULL,
    rematch_of uuid,
    status text NOT NULL CHECK (status IN ('active', 'finished', 'voided')),
    winner smallint CHECK (winner IN (0, 1)),
    reason text,
    rounds bigint NOT NULL DEFAULT 0,
    first_points bigint NOT NULL DEFAULT 0,
    second_points bigint NOT NULL DEFAULT 0,
    first_wins bigint NOT NULL DEFAULT 0,
    second_wins bigint NOT NULL DEFAULT 0,
    last_seq bigint,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK (first_player <> second_player),
    CHECK ((status = 'active') = (ended_at IS NULL)),
    CHECK ((status = 'active') = (last_seq IS NULL)),
    CHECK (winner IS NULL OR status = 'finished')
);

-- The truth about every game: one row for each line.
CREATE TABLE journal (
    game uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    at timestamptz NOT NULL,
    body text NOT NULL,
    seat smallint CHECK (seat IN (0, 1)),
    cid uuid,
    act text,
    PRIMARY KEY (game, seq),
    CHECK ((seat IS NULL) = (cid IS NULL) AND (cid IS NULL) = (act IS NULL))
);
CREATE UNIQUE INDEX journal_game_seat_cid_key ON journal (game, seat, cid) WHERE cid IS NOT NULL;

-- One row for each game that is being played: the head of its journal and its next deadline. Room on each page lets
-- PostgreSQL update it in place; no index on the deadline, which every move changes.
CREATE TABLE running_games (
    game uuid NOT NULL PRIMARY KEY,
    seq bigint NOT NULL,
    due_at timestamptz
) WITH (fillfactor = 50);

CREATE TABLE participants (
    account uuid NOT NULL,
    game uuid NOT NULL,
    seat smallint NOT NULL CHECK (seat IN (0, 1)),
    PRIMARY KEY (account, game)
);

-- Results of finished games between two accounts, the lower id first.
CREATE TABLE pair_scores (
    low uuid NOT NULL,
    high uuid NOT NULL,
    low_wins bigint NOT NULL DEFAULT 0,
    high_wins bigint NOT NULL DEFAULT 0,
    drawn bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (low, high),
    CHECK (low < high)
);

-- Until when a node vouches that somebody is there. A seat whose leases have all lapsed is away.
CREATE TABLE seat_leases (
    game uuid NOT NULL,
    seat smallint NOT NULL CHECK (seat IN (0, 1)),
    node uuid NOT NULL,
    held boolean NOT NULL,
    seen_until timestamptz NOT NULL,
    PRIMARY KEY (game, seat, node)
) WITH (fillfactor = 50);

CREATE TABLE nodes (
    id uuid NOT NULL PRIMARY KEY,
    alive_at timestamptz NOT NULL
);

CREATE TABLE play_restrictions (
    account uuid NOT NULL PRIMARY KEY,
    until timestamptz NOT NULL,
    reason text NOT NULL
);

CREATE TABLE reconnect_tokens (
    mac bytea NOT NULL PRIMARY KEY CHECK (length(mac) = 32),
    game uuid NOT NULL,
    seat smallint NOT NULL CHECK (seat IN (0, 1)),
    account uuid NOT NULL,
    session uuid NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX reconnect_tokens_account ON reconnect_tokens (account, session);
CREATE INDEX reconnect_tokens_expiry ON reconnect_tokens (expires_at);
