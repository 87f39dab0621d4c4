-- Persons, accounts, credentials, sessions, keys and provisioning of the identity context.

CREATE TABLE persons (
    id          BLOB    NOT NULL PRIMARY KEY,
    moderator   INTEGER NOT NULL DEFAULT 0 CHECK (moderator IN (0, 1)),
    approver    INTEGER NOT NULL DEFAULT 0 CHECK (approver IN (0, 1)),
    legal       INTEGER NOT NULL DEFAULT 0 CHECK (legal IN (0, 1)),
    support     INTEGER NOT NULL DEFAULT 0 CHECK (support IN (0, 1)),
    auditor     INTEGER NOT NULL DEFAULT 0 CHECK (auditor IN (0, 1)),
    admin       INTEGER NOT NULL DEFAULT 0 CHECK (admin IN (0, 1)),
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  INTEGER NOT NULL,
    CONSTRAINT persons_admin_excludes_legal CHECK (NOT (admin = 1 AND legal = 1)),
    CONSTRAINT persons_moderator_excludes_legal CHECK (NOT (moderator = 1 AND legal = 1)),
    CONSTRAINT persons_auditor_writes_nothing CHECK (auditor = 0 OR moderator + approver + legal + support + admin = 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX persons_admins ON persons (id) WHERE admin = 1;
CREATE INDEX persons_approvers ON persons (id) WHERE approver = 1;

-- The person made by `admin bootstrap`: the first insert decides, for ever.
CREATE TABLE bootstrap (
    singleton   INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    person_id   BLOB    NOT NULL REFERENCES persons (id),
    account_id  BLOB    NOT NULL,
    at          INTEGER NOT NULL,
    version     INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE accounts (
    id              BLOB    NOT NULL PRIMARY KEY,
    person_id       BLOB    NOT NULL REFERENCES persons (id),
    username        TEXT    NOT NULL,
    username_key    TEXT,
    email           TEXT,
    email_key       TEXT,
    account_type    TEXT    NOT NULL CHECK (account_type IN ('player', 'customer', 'distributor', 'staff')),
    status          TEXT    NOT NULL CHECK (status IN ('pending_link', 'invited', 'active', 'suspended', 'deleted')),
    suspended_from  TEXT    CHECK (suspended_from IN ('pending_link', 'invited', 'active')),
    standing        TEXT    CHECK (standing IN ('requested', 'approved', 'invited', 'active', 'suspended',
                                                'offboarding', 'ended', 'rejected', 'expired')),
    epoch           INTEGER NOT NULL DEFAULT 1,
    vip             INTEGER NOT NULL DEFAULT 0 CHECK (vip IN (0, 1)),
    relationship_id BLOB,
    redemption_id   BLOB,
    created_at      INTEGER NOT NULL,
    version         INTEGER NOT NULL DEFAULT 1,
    CONSTRAINT accounts_distributors_have_a_standing CHECK ((account_type = 'distributor') = (standing IS NOT NULL)),
    CONSTRAINT accounts_suspension_knows_its_origin CHECK ((status = 'suspended') = (suspended_from IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX accounts_username_key_key ON accounts (username_key);
CREATE UNIQUE INDEX accounts_email_key_key ON accounts (email_key);
CREATE UNIQUE INDEX accounts_redemption_id_key ON accounts (redemption_id);
CREATE INDEX accounts_by_person ON accounts (person_id);
CREATE UNIQUE INDEX accounts_person_id_key ON accounts (person_id) WHERE account_type = 'staff';

CREATE TABLE credentials (
    account_id      BLOB    NOT NULL PRIMARY KEY REFERENCES accounts (id),
    phc             TEXT    NOT NULL,
    pepper_version  INTEGER NOT NULL,
    changed_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A session is a refresh family. Its tokens are derived from id and generation under a key: none is stored.
CREATE TABLE sessions (
    id               BLOB    NOT NULL PRIMARY KEY,
    account_id       BLOB    NOT NULL REFERENCES accounts (id),
    generation       INTEGER NOT NULL,
    used_generation  INTEGER NOT NULL,
    rotated_at       INTEGER NOT NULL,
    amr              TEXT    NOT NULL,
    auth_time        INTEGER NOT NULL,
    device_id        TEXT,
    device_name      TEXT,
    user_agent       TEXT,
    created_at       INTEGER NOT NULL,
    last_used_at     INTEGER NOT NULL,
    idle_expires_at  INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    ended_at         INTEGER,
    end_reason       TEXT,
    CONSTRAINT sessions_end_has_a_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_live ON sessions (account_id, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_device ON sessions (account_id, device_id) WHERE device_id IS NOT NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- What voided tokens before their time. Read by every node; kept a little longer than a token lives.
CREATE TABLE revocations (
    id          BLOB    NOT NULL PRIMARY KEY,
    kind        TEXT    NOT NULL CHECK (kind IN ('session', 'suspension', 'change')),
    account_id  BLOB    NOT NULL,
    session_id  BLOB,
    epoch       INTEGER,
    at          INTEGER NOT NULL,
    CONSTRAINT revocations_session_names_one CHECK ((kind = 'session') = (session_id IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX revocations_by_time ON revocations (at, id);

-- Who wins the insert for a redemption decides whether an account ever comes of it.
CREATE TABLE redemptions (
    redemption_id  BLOB    NOT NULL PRIMARY KEY,
    outcome        TEXT    NOT NULL CHECK (outcome IN ('created', 'cancelled')),
    account_id     BLOB,
    decided_at     INTEGER NOT NULL,
    CONSTRAINT redemptions_created_names_its_account CHECK ((outcome = 'created') = (account_id IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE activation_tokens (
    mac         BLOB    NOT NULL PRIMARY KEY,
    account_id  BLOB    NOT NULL REFERENCES accounts (id),
    purpose     TEXT    NOT NULL CHECK (purpose IN ('enrolment', 'activation')),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    spent_at    INTEGER,
    voided_at   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX activation_tokens_by_account ON activation_tokens (account_id);

CREATE TABLE live_tickets (
    mac         BLOB    NOT NULL PRIMARY KEY,
    account_id  BLOB    NOT NULL,
    session_id  BLOB    NOT NULL,
    origin      TEXT,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    spent_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX live_tickets_by_expiry ON live_tickets (expires_at);

CREATE TABLE signing_keys (
    kid         TEXT    NOT NULL PRIMARY KEY,
    algorithm   TEXT    NOT NULL CHECK (algorithm IN ('ES256', 'EdDSA')),
    state       TEXT    NOT NULL CHECK (state IN ('next', 'active', 'retiring', 'gone')),
    public_key  BLOB    NOT NULL,
    sealed      BLOB,
    created_at  INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    CONSTRAINT signing_keys_gone_means_destroyed CHECK ((state = 'gone') = (sealed IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX signing_keys_active_key ON signing_keys (state) WHERE state = 'active';
CREATE UNIQUE INDEX signing_keys_next_key ON signing_keys (state) WHERE state = 'next';

CREATE TABLE distributors (
    account_id           BLOB    NOT NULL PRIMARY KEY REFERENCES accounts (id),
    label                TEXT,
    requested_by         BLOB    NOT NULL REFERENCES persons (id),
    requested_at         INTEGER NOT NULL,
    decided_by           BLOB    REFERENCES persons (id),
    decided_at           INTEGER,
    one_person           INTEGER NOT NULL DEFAULT 0 CHECK (one_person IN (0, 1)),
    invited_until        INTEGER,
    CONSTRAINT distributors_two_people CHECK (one_person = 1 OR decided_by IS NULL OR decided_by <> requested_by),
    CONSTRAINT distributors_decision_has_a_time CHECK ((decided_by IS NULL) = (decided_at IS NULL))
) STRICT, WITHOUT ROWID;
