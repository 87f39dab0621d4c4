-- Who may watch a game, late and without hands: one player proposes, the other agrees, either ends it.
CREATE TABLE spectators (
    game uuid NOT NULL,
    account uuid NOT NULL,
    proposed_by uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'agreed', 'declined', 'ended')),
    proposed_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (game, account),
    CHECK (account <> proposed_by)
);
