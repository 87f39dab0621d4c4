DROP TABLE effects;
DROP TABLE remarks;
DROP TABLE notes;
