-- The games somebody plays against those who invited: practice is counted by it.
CREATE INDEX games_running_second ON games (second_player) WHERE ended_at IS NULL;
