DROP TABLE drives;
DROP TABLE blocks;
DROP TABLE relationship_history;
DROP TABLE relationships;
DROP TABLE invite_history;
DROP TABLE invites;
DROP TABLE distributors;
