-- How far each consumer of this context's events has come, as it last said; what nobody needs any more may go.
CREATE TABLE outbox_consumers (
    consumer text PRIMARY KEY,
    number bigint NOT NULL CHECK (number >= 0),
    heard_at timestamptz NOT NULL
);

CREATE INDEX notices_at_idx ON notices (at);
