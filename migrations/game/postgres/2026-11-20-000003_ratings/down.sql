DROP TABLE pair_families;
DROP TABLE rating_entries;
DROP TABLE ratings;
DROP TABLE unrated_games;
DROP INDEX games_pair;
ALTER TABLE games DROP COLUMN voided_at;
ALTER TABLE games DROP COLUMN rated;
ALTER TABLE game_invites DROP COLUMN rated;
