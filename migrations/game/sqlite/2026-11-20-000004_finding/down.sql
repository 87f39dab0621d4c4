DROP TABLE online_leases;
DROP TABLE play_preferences;
DROP TABLE queue_entries;
DROP TABLE pairings;
