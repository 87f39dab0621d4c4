DROP INDEX games_running_second;
