-- Who may watch a game, late and without hands: one player proposes, the other agrees, either ends it.
CREATE TABLE spectators (
    game BLOB NOT NULL,
    account BLOB NOT NULL,
    proposed_by BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('proposed', 'agreed', 'declined', 'ended')),
    proposed_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (game, account),
    CHECK (account <> proposed_by)
) STRICT, WITHOUT ROWID;
