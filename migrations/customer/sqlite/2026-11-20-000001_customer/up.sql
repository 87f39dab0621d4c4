-- Customer's own copy of each distributor's standing, kept by identity's events.
CREATE TABLE distributors (
    account BLOB NOT NULL PRIMARY KEY,
    standing TEXT NOT NULL,
    -- The number of the identity event that said so; older ones change nothing.
    event INTEGER NOT NULL,
    -- Grows with every invite: the update that counts it also makes creations of one distributor wait for each other.
    invites INTEGER NOT NULL DEFAULT 0,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE invites (
    id BLOB NOT NULL PRIMARY KEY,
    distributor BLOB NOT NULL,
    label TEXT,
    state TEXT NOT NULL CHECK (state IN ('open', 'reserved', 'redeemed', 'revoked')),
    -- Keyed MAC of the present code; the code itself is nowhere.
    code BLOB NOT NULL CHECK (length(code) = 32),
    codes INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    redemption BLOB,
    reserved_until INTEGER,
    reserved_key BLOB,
    redeemed_by BLOB,
    redeemed_at INTEGER,
    revoked_at INTEGER,
    CHECK ((state IN ('reserved', 'redeemed')) = (redemption IS NOT NULL)),
    CHECK ((redemption IS NULL) = (reserved_until IS NULL) AND (redemption IS NULL) = (reserved_key IS NULL)),
    CHECK ((state = 'redeemed') = (redeemed_by IS NOT NULL) AND (redeemed_by IS NULL) = (redeemed_at IS NULL)),
    CHECK ((state = 'revoked') = (revoked_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX invites_code_key ON invites (code);
CREATE UNIQUE INDEX invites_redemption_key ON invites (redemption);
CREATE INDEX invites_distributor ON invites (distributor, id);
CREATE INDEX invites_made ON invites (distributor, created_at);
CREATE INDEX invites_reserved ON invites (reserved_until) WHERE state = 'reserved';

CREATE TABLE invite_history (
    id BLOB NOT NULL PRIMARY KEY,
    invite BLOB NOT NULL REFERENCES invites (id),
    what TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor BLOB,
    redemption BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX invite_history_invite ON invite_history (invite, id);

CREATE TABLE relationships (
    id BLOB NOT NULL PRIMARY KEY,
    distributor BLOB NOT NULL,
    customer BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'ended')),
    version INTEGER NOT NULL CHECK (version >= 1),
    -- Where it came from; null when it came by reassignment.
    invite BLOB REFERENCES invites (id),
    redemption BLOB,
    started_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    CHECK ((invite IS NULL) = (redemption IS NULL)),
    CHECK (distributor <> customer)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX relationships_invite_key ON relationships (invite);
CREATE UNIQUE INDEX relationships_redemption_key ON relationships (redemption);
-- One distributor per customer at a time.
CREATE UNIQUE INDEX relationships_customer_key ON relationships (customer) WHERE state <> 'ended';
CREATE INDEX relationships_of_customer ON relationships (customer, id);
CREATE INDEX relationships_of_distributor ON relationships (distributor, id);
CREATE INDEX relationships_network ON relationships (distributor, customer) WHERE state = 'active';

CREATE TABLE relationship_history (
    relationship BLOB NOT NULL REFERENCES relationships (id),
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor BLOB,
    PRIMARY KEY (relationship, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE blocks (
    blocker BLOB NOT NULL,
    blocked BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (blocker, blocked),
    CHECK (blocker <> blocked)
) STRICT, WITHOUT ROWID;

-- Steps that follow from what is committed; a row goes when its step is acknowledged.
CREATE TABLE drives (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('activate', 'attach', 'detach', 'announce')),
    account BLOB NOT NULL,
    relationship BLOB,
    redemption BLOB,
    cursor BLOB,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX drives_account ON drives (account, id);
