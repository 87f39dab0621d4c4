-- Persons, accounts, credentials, sessions, keys and provisioning of the identity context.

CREATE TABLE persons (
    id          UUID    NOT NULL PRIMARY KEY,
    moderator   BOOLEAN NOT NULL DEFAULT FALSE,
    approver    BOOLEAN NOT NULL DEFAULT FALSE,
    legal       BOOLEAN NOT NULL DEFAULT FALSE,
    support     BOOLEAN NOT NULL DEFAULT FALSE,
    auditor     BOOLEAN NOT NULL DEFAULT FALSE,
    admin       BOOLEAN NOT NULL DEFAULT FALSE,
    version     BIGINT NOT NULL DEFAULT 1,
    created_at  TIMESTAMPTZ NOT NULL,
    CONSTRAINT persons_admin_excludes_legal CHECK (NOT (admin AND legal)),
    CONSTRAINT persons_moderator_excludes_legal CHECK (NOT (moderator AND legal)),
    CONSTRAINT persons_auditor_writes_nothing CHECK (NOT (auditor AND (moderator OR approver OR legal OR support OR admin)))
);
CREATE INDEX persons_admins ON persons (id) WHERE admin;
CREATE INDEX persons_approvers ON persons (id) WHERE approver;

-- The person made by `admin bootstrap`: the first insert decides, for ever.
CREATE TABLE bootstrap (
    singleton   INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    person_id   UUID    NOT NULL REFERENCES persons (id),
    account_id  UUID    NOT NULL,
    at          TIMESTAMPTZ NOT NULL,
    version     BIGINT NOT NULL DEFAULT 1
);

CREATE TABLE accounts (
    id              UUID    NOT NULL PRIMARY KEY,
    person_id       UUID    NOT NULL REFERENCES persons (id),
    username        TEXT    NOT NULL,
    username_key    TEXT,
    email           TEXT,
    email_key       TEXT,
    account_type    TEXT    NOT NULL CHECK (account_type IN ('player', 'customer', 'distributor', 'staff')),
    status          TEXT    NOT NULL CHECK (status IN ('pending_link', 'invited', 'active', 'suspended', 'deleted')),
    suspended_from  TEXT    CHECK (suspended_from IN ('pending_link', 'invited', 'active')),
    standing        TEXT    CHECK (standing IN ('requested', 'approved', 'invited', 'active', 'suspended',
                                                'offboarding', 'ended', 'rejected', 'expired')),
    epoch           BIGINT NOT NULL DEFAULT 1,
    vip             BOOLEAN NOT NULL DEFAULT FALSE,
    relationship_id UUID,
    redemption_id   UUID,
    created_at      TIMESTAMPTZ NOT NULL,
    version         BIGINT NOT NULL DEFAULT 1,
    CONSTRAINT accounts_distributors_have_a_standing CHECK ((account_type = 'distributor') = (standing IS NOT NULL)),
    CONSTRAINT accounts_suspension_knows_its_origin CHECK ((status = 'suspended') = (suspended_from IS NOT NULL))
);
CREATE UNIQUE INDEX accounts_username_key_key ON accounts (username_key);
CREATE UNIQUE INDEX accounts_email_key_key ON accounts (email_key);
CREATE UNIQUE INDEX accounts_redemption_id_key ON accounts (redemption_id);
CREATE INDEX accounts_by_person ON accounts (person_id);
CREATE UNIQUE INDEX accounts_person_id_key ON accounts (person_id) WHERE account_type = 'staff';

CREATE TABLE credentials (
    account_id      UUID    NOT NULL PRIMARY KEY REFERENCES accounts (id),
    phc             TEXT    NOT NULL,
    pepper_version  INTEGER NOT NULL,
    changed_at      TIMESTAMPTZ NOT NULL
);

-- A session is a refresh family. Its tokens are derived from id and generation under a key: none is stored.
CREATE TABLE sessions (
    id               UUID    NOT NULL PRIMARY KEY,
    account_id       UUID    NOT NULL REFERENCES accounts (id),
    generation       INTEGER NOT NULL,
    used_generation  INTEGER NOT NULL,
    rotated_at       TIMESTAMPTZ NOT NULL,
    amr              TEXT    NOT NULL,
    auth_time        TIMESTAMPTZ NOT NULL,
    device_id        TEXT,
    device_name      TEXT,
    user_agent       TEXT,
    created_at       TIMESTAMPTZ NOT NULL,
    last_used_at     TIMESTAMPTZ NOT NULL,
    idle_expires_at  TIMESTAMPTZ NOT NULL,
    expires_at       TIMESTAMPTZ NOT NULL,
    ended_at         TIMESTAMPTZ,
    end_reason       TEXT,
    CONSTRAINT sessions_end_has_a_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX sessions_live ON sessions (account_id, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_device ON sessions (account_id, device_id) WHERE device_id IS NOT NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- What voided tokens before their time. Read by every node; kept a little longer than a token lives.
CREATE TABLE revocations (
    id          UUID    NOT NULL PRIMARY KEY,
    kind        TEXT    NOT NULL CHECK (kind IN ('session', 'suspension', 'change')),
    account_id  UUID    NOT NULL,
    session_id  UUID,
    epoch       BIGINT,
    at          TIMESTAMPTZ NOT NULL,
    CONSTRAINT revocations_session_names_one CHECK ((kind = 'session') = (session_id IS NOT NULL))
);
CREATE INDEX revocations_by_time ON revocations (at, id);

-- Who wins the insert for a redemption decides whether an account ever comes of it.
CREATE TABLE redemptions (
    redemption_id  UUID    NOT NULL PRIMARY KEY,
    outcome        TEXT    NOT NULL CHECK (outcome IN ('created', 'cancelled')),
    account_id     UUID,
    decided_at     TIMESTAMPTZ NOT NULL,
    CONSTRAINT redemptions_created_names_its_account CHECK ((outcome = 'created') = (account_id IS NOT NULL))
);

CREATE TABLE activation_tokens (
    mac         BYTEA    NOT NULL PRIMARY KEY,
    account_id  UUID    NOT NULL REFERENCES accounts (id),
    purpose     TEXT    NOT NULL CHECK (purpose IN ('enrolment', 'activation')),
    created_at  TIMESTAMPTZ NOT NULL,
    expires_at  TIMESTAMPTZ NOT NULL,
    spent_at    TIMESTAMPTZ,
    voided_at   TIMESTAMPTZ
);
CREATE INDEX activation_tokens_by_account ON activation_tokens (account_id);

CREATE TABLE live_tickets (
    mac         BYTEA    NOT NULL PRIMARY KEY,
    account_id  UUID    NOT NULL,
    session_id  UUID    NOT NULL,
    origin      TEXT,
    created_at  TIMESTAMPTZ NOT NULL,
    expires_at  TIMESTAMPTZ NOT NULL,
    spent_at    TIMESTAMPTZ
);
CREATE INDEX live_tickets_by_expiry ON live_tickets (expires_at);

CREATE TABLE signing_keys (
    kid         TEXT    NOT NULL PRIMARY KEY,
    algorithm   TEXT    NOT NULL CHECK (algorithm IN ('ES256', 'EdDSA')),
    state       TEXT    NOT NULL CHECK (state IN ('next', 'active', 'retiring', 'gone')),
    public_key  BYTEA    NOT NULL,
    sealed      BYTEA,
    created_at  TIMESTAMPTZ NOT NULL,
    since       TIMESTAMPTZ NOT NULL,
    CONSTRAINT signing_keys_gone_means_destroyed CHECK ((state = 'gone') = (sealed IS NULL))
);
CREATE UNIQUE INDEX signing_keys_active_key ON signing_keys (state) WHERE state = 'active';
CREATE UNIQUE INDEX signing_keys_next_key ON signing_keys (state) WHERE state = 'next';

CREATE TABLE distributors (
    account_id           UUID    NOT NULL PRIMARY KEY REFERENCES accounts (id),
    label                TEXT,
    requested_by         UUID    NOT NULL REFERENCES persons (id),
    requested_at         TIMESTAMPTZ NOT NULL,
    decided_by           UUID    REFERENCES persons (id),
    decided_at           TIMESTAMPTZ,
    one_person           BOOLEAN NOT NULL DEFAULT FALSE,
    invited_until        TIMESTAMPTZ,
    CONSTRAINT distributors_two_people CHECK (one_person OR decided_by IS NULL OR decided_by <> requested_by),
    CONSTRAINT distributors_decision_has_a_time CHECK ((decided_by IS NULL) = (decided_at IS NULL))
);
