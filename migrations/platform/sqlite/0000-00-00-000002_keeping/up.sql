-- How far each consumer of this context's events has come, as it last said; what nobody needs any more may go. The
-- newest event is never removed: SQLite goes on counting from it.
CREATE TABLE outbox_consumers (
    consumer TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL CHECK (number >= 0),
    heard_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX notices_at_idx ON notices (at);
