-- The tables of the technical floor, in every context's file. SQLite numbers events as they are appended: there is one
-- writer, so insertion order is commit order and no relay is needed.
CREATE TABLE outbox_events (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    aggregate TEXT NOT NULL,
    payload TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE inbox_cursors (
    consumer TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL CHECK (number >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox_parked (
    consumer TEXT NOT NULL,
    number INTEGER NOT NULL,
    aggregate TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    parked_at INTEGER NOT NULL,
    retry_at INTEGER NOT NULL,
    PRIMARY KEY (consumer, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_parked_aggregate_idx ON inbox_parked (consumer, aggregate, number);

CREATE TABLE jobs (
    name TEXT NOT NULL PRIMARY KEY,
    every INTEGER NOT NULL CHECK (every > 0),
    due_at INTEGER NOT NULL,
    holder BLOB,
    leased_until INTEGER,
    started_at INTEGER,
    finished_at INTEGER,
    runs INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    last_error TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_events (
    id BLOB NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_account BLOB,
    actor_person BLOB,
    actor_session BLOB,
    actor_roles TEXT,
    actor_name TEXT,
    request_id TEXT NOT NULL,
    action TEXT NOT NULL,
    reason TEXT,
    object TEXT NOT NULL,
    digests TEXT NOT NULL,
    leaf_index INTEGER UNIQUE,
    leaf_hash BLOB,
    CHECK ((leaf_index IS NULL) = (leaf_hash IS NULL))
) STRICT;
CREATE INDEX audit_events_unsequenced_idx ON audit_events (id) WHERE leaf_index IS NULL;
CREATE INDEX audit_events_object_idx ON audit_events (object, id);

CREATE TRIGGER audit_events_are_never_deleted BEFORE DELETE ON audit_events
BEGIN SELECT RAISE(ABORT, 'audit events are never deleted'); END;
CREATE TRIGGER audit_events_are_written_once BEFORE UPDATE ON audit_events
WHEN OLD.leaf_index IS NOT NULL OR OLD.id IS NOT NEW.id OR OLD.at IS NOT NEW.at
    OR OLD.actor_kind IS NOT NEW.actor_kind OR OLD.actor_account IS NOT NEW.actor_account
    OR OLD.actor_person IS NOT NEW.actor_person OR OLD.actor_session IS NOT NEW.actor_session
    OR OLD.actor_roles IS NOT NEW.actor_roles OR OLD.actor_name IS NOT NEW.actor_name
    OR OLD.request_id IS NOT NEW.request_id OR OLD.action IS NOT NEW.action OR OLD.reason IS NOT NEW.reason
    OR OLD.object IS NOT NEW.object OR OLD.digests IS NOT NEW.digests
BEGIN SELECT RAISE(ABORT, 'audit events are written once'); END;

CREATE TABLE idempotency_keys (
    scope TEXT NOT NULL,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    body_digest BLOB NOT NULL,
    claimed_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    value TEXT,
    PRIMARY KEY (scope, route, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_expiry_idx ON idempotency_keys (expires_at);

CREATE TABLE notice_heads (
    account BLOB NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE notices (
    account BLOB NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (account, seq)
) STRICT, WITHOUT ROWID;
