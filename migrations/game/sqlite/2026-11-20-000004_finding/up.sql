-- Two people whom the queue has brought together, until both have answered.
CREATE TABLE pairings (
    id BLOB NOT NULL PRIMARY KEY,
    game BLOB NOT NULL,
    first_player BLOB NOT NULL,
    second_player BLOB NOT NULL,
    rules TEXT NOT NULL,
    rated INTEGER NOT NULL CHECK (rated IN (0, 1)),
    commitment BLOB NOT NULL CHECK (length(commitment) = 32),
    first_yes_at INTEGER,
    first_entropy BLOB CHECK (length(first_entropy) = 32),
    second_yes_at INTEGER,
    second_entropy BLOB CHECK (length(second_entropy) = 32),
    -- Counts the answers, so that a change knows which of them it saw.
    rev INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL CHECK (state IN ('offered', 'begun', 'declined', 'expired', 'cancelled')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    closed_at INTEGER,
    CHECK (first_player <> second_player),
    CHECK ((state = 'offered') = (closed_at IS NULL)),
    CHECK (first_entropy IS NULL OR first_yes_at IS NOT NULL),
    CHECK (second_entropy IS NULL OR second_yes_at IS NOT NULL),
    -- Whoever says yes second begins the game by it.
    CHECK (state <> 'offered' OR first_yes_at IS NULL OR second_yes_at IS NULL),
    CHECK (state <> 'begun' OR (first_yes_at IS NOT NULL AND second_yes_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX pairings_game_key ON pairings (game);
CREATE INDEX pairings_offered ON pairings (expires_at) WHERE state = 'offered';
CREATE INDEX pairings_closed ON pairings (closed_at) WHERE closed_at IS NOT NULL;

-- One place in the queue for each account, and one pairing at most: it waits while it has none.
CREATE TABLE queue_entries (
    account BLOB NOT NULL PRIMARY KEY,
    rules TEXT NOT NULL,
    rated INTEGER NOT NULL CHECK (rated IN (0, 1)),
    -- A digest of rules and rated: those who wish for the same.
    pool BLOB NOT NULL CHECK (length(pool) = 32),
    -- The head of the account's network when it came.
    circle BLOB NOT NULL,
    rating INTEGER NOT NULL,
    since INTEGER NOT NULL,
    seen_until INTEGER NOT NULL,
    pairing BLOB,
    seat INTEGER CHECK (seat IN (0, 1)),
    CHECK ((pairing IS NULL) = (seat IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX queue_entries_pairing_seat_key ON queue_entries (pairing, seat) WHERE pairing IS NOT NULL;
CREATE INDEX queue_entries_waiting ON queue_entries (pool, circle, rating, account) WHERE pairing IS NULL;
CREATE INDEX queue_entries_seen ON queue_entries (seen_until);

-- What somebody chose about being found. Who chose nothing has no row.
CREATE TABLE play_preferences (
    account BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL CHECK (version > 0),
    presence TEXT NOT NULL CHECK (presence IN ('off', 'network')),
    quiet_from INTEGER CHECK (quiet_from BETWEEN 0 AND 1439),
    quiet_to INTEGER CHECK (quiet_to BETWEEN 0 AND 1439),
    quiet_zone TEXT,
    CHECK ((quiet_from IS NULL) = (quiet_to IS NULL) AND (quiet_to IS NULL) = (quiet_zone IS NULL))
) STRICT, WITHOUT ROWID;

-- Until when a node vouches that somebody who wants that seen is online.
CREATE TABLE online_leases (
    account BLOB NOT NULL,
    node BLOB NOT NULL,
    seen_until INTEGER NOT NULL,
    PRIMARY KEY (account, node)
) STRICT, WITHOUT ROWID;
CREATE INDEX online_leases_seen ON online_leases (seen_until);
