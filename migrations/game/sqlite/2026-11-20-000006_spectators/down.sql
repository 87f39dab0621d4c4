DROP TABLE spectators;
