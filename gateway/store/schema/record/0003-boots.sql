-- One row per start of the machine: its line (wall = offset + monotonic seconds), see gateway/clock.py.
-- `ended` is the monotonic second of the last heartbeat, known from the next boot on.
CREATE TABLE boot (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    boot_id TEXT NOT NULL UNIQUE,
    offset REAL NOT NULL,
    start REAL NOT NULL,
    machine REAL NOT NULL,
    moves INTEGER NOT NULL,
    ended REAL,
    known INTEGER NOT NULL,
    crc INTEGER NOT NULL
);
-- Moments at which a line was compared with a wall clock that knew better: by how much the wall was ahead, and where
-- the boot began and how far it was moved (0: not at all). Together they lead from every instant as it was written to
-- the instant as it is now.
CREATE TABLE anchor (
    id INTEGER PRIMARY KEY,
    boot INTEGER NOT NULL,
    monotonic REAL NOT NULL,
    wall REAL NOT NULL,
    known INTEGER NOT NULL,
    ahead REAL NOT NULL,
    start REAL NOT NULL,
    shift REAL NOT NULL,
    crc INTEGER NOT NULL
);
