-- Since when a practice opponent is to act. Whoever finds an old one here lets it act: its process may be gone.
ALTER TABLE running_games ADD COLUMN practice_since timestamptz;
