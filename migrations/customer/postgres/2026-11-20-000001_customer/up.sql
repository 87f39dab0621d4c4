-- Customer's own copy of each distributor's standing, kept by identity's events.
CREATE TABLE distributors (
    account UUID NOT NULL PRIMARY KEY,
    standing TEXT NOT NULL,
    -- The number of the identity event that said so; older ones change nothing.
    event BIGINT NOT NULL,
    -- Grows with every invite: the update that counts it also makes creations of one distributor wait for each other.
    invites BIGINT NOT NULL DEFAULT 0,
    changed_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE invites (
    id UUID NOT NULL PRIMARY KEY,
    distributor UUID NOT NULL,
    label TEXT,
    state TEXT NOT NULL CHECK (state IN ('open', 'reserved', 'redeemed', 'revoked')),
    -- Keyed MAC of the present code; the code itself is nowhere.
    code BYTEA NOT NULL CHECK (length(code) = 32),
    codes INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    redemption UUID,
    reserved_until TIMESTAMPTZ,
    reserved_key BYTEA,
    redeemed_by UUID,
    redeemed_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ,
    CHECK ((state IN ('reserved', 'redeemed')) = (redemption IS NOT NULL)),
    CHECK ((redemption IS NULL) = (reserved_until IS NULL) AND (redemption IS NULL) = (reserved_key IS NULL)),
    CHECK ((state = 'redeemed') = (redeemed_by IS NOT NULL) AND (redeemed_by IS NULL) = (redeemed_at IS NULL)),
    CHECK ((state = 'revoked') = (revoked_at IS NOT NULL))
);
CREATE UNIQUE INDEX invites_code_key ON invites (code);
CREATE UNIQUE INDEX invites_redemption_key ON invites (redemption);
CREATE INDEX invites_distributor ON invites (distributor, id);
CREATE INDEX invites_made ON invites (distributor, created_at);
CREATE INDEX invites_reserved ON invites (reserved_until) WHERE state = 'reserved';

CREATE TABLE invite_history (
    id UUID NOT NULL PRIMARY KEY,
    invite UUID NOT NULL REFERENCES invites (id),
    what TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    actor UUID,
    redemption UUID
);
CREATE INDEX invite_history_invite ON invite_history (invite, id);

CREATE TABLE relationships (
    id UUID NOT NULL PRIMARY KEY,
    distributor UUID NOT NULL,
    customer UUID NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'ended')),
    version BIGINT NOT NULL CHECK (version >= 1),
    -- Where it came from; null when it came by reassignment.
    invite UUID REFERENCES invites (id),
    redemption UUID,
    started_at TIMESTAMPTZ NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL,
    CHECK ((invite IS NULL) = (redemption IS NULL)),
    CHECK (distributor <> customer)
);
CREATE UNIQUE INDEX relationships_invite_key ON relationships (invite);
CREATE UNIQUE INDEX relationships_redemption_key ON relationships (redemption);
-- One distributor per customer at a time.
CREATE UNIQUE INDEX relationships_customer_key ON relationships (customer) WHERE state <> 'ended';
CREATE INDEX relationships_of_customer ON relationships (customer, id);
CREATE INDEX relationships_of_distributor ON relationships (distributor, id);
CREATE INDEX relationships_network ON relationships (distributor, customer) WHERE state = 'active';

CREATE TABLE relationship_history (
    relationship UUID NOT NULL REFERENCES relationships (id),
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    actor UUID,
    PRIMARY KEY (relationship, version)
);

CREATE TABLE blocks (
    blocker UUID NOT NULL,
    blocked UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (blocker, blocked),
    CHECK (blocker <> blocked)
);

-- Steps that follow from what is committed; a row goes when its step is acknowledged.
CREATE TABLE drives (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('activate', 'attach', 'detach', 'announce')),
    account UUID NOT NULL,
    relationship UUID,
    redemption UUID,
    cursor UUID,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX drives_account ON drives (account, id);
