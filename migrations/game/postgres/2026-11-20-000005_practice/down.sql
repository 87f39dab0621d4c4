ALTER TABLE running_games DROP COLUMN practice_since;
