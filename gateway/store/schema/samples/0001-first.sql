-- Readings. Nothing here is truth about incidents: it may lose the last minutes in a power cut.
-- Rows are only ever appended at the end of a table, so that a commit dirties few pages (SD cards).
-- `crc` covers the row's other columns (gateway/store/db.py, `row_crc`).

CREATE TABLE subject (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, crc INTEGER NOT NULL);
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    subject INTEGER NOT NULL,
    metric TEXT NOT NULL,
    instance TEXT NOT NULL,
    crc INTEGER NOT NULL,
    UNIQUE (subject, metric, instance)
);
-- State words ("OL CHRG") by number.
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, crc INTEGER NOT NULL);

-- Readings of hours that are not closed yet, one frame per commit and hour.
CREATE TABLE hot (id INTEGER PRIMARY KEY, hour INTEGER NOT NULL, frame BLOB NOT NULL, crc INTEGER NOT NULL);

-- Closed hours: id = hour * 2^24 + subject * 2^8 + part; a part above 0 holds readings that came late.
CREATE TABLE chunk (id INTEGER PRIMARY KEY, frame BLOB NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE rollup (id INTEGER PRIMARY KEY, frame BLOB NOT NULL, crc INTEGER NOT NULL);
-- Per hour (id = hour * 2^8 + part): subject, seconds in which reach.up was 1, seconds in which it was known at all.
CREATE TABLE uptime (id INTEGER PRIMARY KEY, frame BLOB NOT NULL, crc INTEGER NOT NULL);
