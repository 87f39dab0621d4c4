CREATE TABLE notes (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL,
    body jsonb NOT NULL,
    at timestamptz NOT NULL,
    edits bigint NOT NULL,
    CONSTRAINT notes_name_key UNIQUE (name)
);
CREATE TABLE remarks (
    id uuid PRIMARY KEY,
    note_id uuid NOT NULL REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE effects (
    place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number bigint NOT NULL,
    aggregate text NOT NULL
);
