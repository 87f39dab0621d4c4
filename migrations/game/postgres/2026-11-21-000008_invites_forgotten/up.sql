-- Those that are over, by when: they are forgotten after a while.
CREATE INDEX game_invites_closed ON game_invites (closed_at) WHERE closed_at IS NOT NULL;
