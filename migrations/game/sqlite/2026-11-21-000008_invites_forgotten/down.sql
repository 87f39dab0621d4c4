DROP INDEX game_invites_closed;
