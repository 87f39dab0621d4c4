-- The tables of the technical floor, in every context's schema. Events are appended without a number, in the order of
-- `position`; the relay numbers them once they are committed.
CREATE TABLE outbox_events (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number bigint,
    id uuid NOT NULL,
    kind text NOT NULL,
    aggregate text NOT NULL,
    payload jsonb NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT outbox_events_number_key UNIQUE (number),
    CONSTRAINT outbox_events_id_key UNIQUE (id)
);
CREATE INDEX outbox_events_unnumbered_idx ON outbox_events (position) WHERE number IS NULL;

-- One row: the last number given. Its lock is the relay's lease.
CREATE TABLE outbox_head (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    number bigint NOT NULL DEFAULT 0
);
INSERT INTO outbox_head DEFAULT VALUES;

CREATE TABLE inbox_cursors (
    consumer text PRIMARY KEY,
    number bigint NOT NULL CHECK (number >= 0)
);

CREATE TABLE inbox_parked (
    consumer text NOT NULL,
    number bigint NOT NULL,
    aggregate text NOT NULL,
    attempts bigint NOT NULL,
    reason text NOT NULL,
    parked_at timestamptz NOT NULL,
    retry_at timestamptz NOT NULL,
    PRIMARY KEY (consumer, number)
);
CREATE INDEX inbox_parked_aggregate_idx ON inbox_parked (consumer, aggregate, number);

CREATE TABLE jobs (
    name text PRIMARY KEY,
    every bigint NOT NULL CHECK (every > 0),
    due_at timestamptz NOT NULL,
    holder uuid,
    leased_until timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    runs bigint NOT NULL DEFAULT 0,
    failures bigint NOT NULL DEFAULT 0,
    last_error text
);

CREATE TABLE audit_events (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_account uuid,
    actor_person uuid,
    actor_session uuid,
    actor_roles text,
    actor_name text,
    request_id text NOT NULL,
    action text NOT NULL,
    reason text,
    object text NOT NULL,
    digests jsonb NOT NULL,
    leaf_index bigint,
    leaf_hash bytea,
    CONSTRAINT audit_events_leaf_index_key UNIQUE (leaf_index),
    CHECK ((leaf_index IS NULL) = (leaf_hash IS NULL))
);
CREATE INDEX audit_events_unsequenced_idx ON audit_events (id) WHERE leaf_index IS NULL;
CREATE INDEX audit_events_object_idx ON audit_events (object, id);

CREATE FUNCTION audit_events_are_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'audit events are never deleted';
    END IF;
    IF OLD.leaf_index IS NOT NULL
        OR to_jsonb(OLD) - 'leaf_index' - 'leaf_hash' IS DISTINCT FROM to_jsonb(NEW) - 'leaf_index' - 'leaf_hash'
    THEN
        RAISE EXCEPTION 'audit events are written once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_events_are_written_once BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION audit_events_are_written_once();

CREATE TABLE idempotency_keys (
    scope text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    body_digest bytea NOT NULL,
    claimed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    value jsonb,
    PRIMARY KEY (scope, route, key)
);
CREATE INDEX idempotency_keys_expiry_idx ON idempotency_keys (expires_at);

CREATE TABLE notice_heads (
    account uuid PRIMARY KEY,
    seq bigint NOT NULL
);

CREATE TABLE notices (
    account uuid NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL,
    body jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (account, seq)
);
