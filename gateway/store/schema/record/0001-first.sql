-- The record of a depot: what was concluded, what happened, what headquarters has not been told yet.
-- `crc` is the CRC-32 of the row's other columns (gateway/store/db.py, `row_crc`): SQLite itself does not notice a flipped bit.

-- One act of writing: when it was written down, and the command of commands.db that it carried out, if any.
CREATE TABLE batch (
    id INTEGER PRIMARY KEY,
    wall REAL NOT NULL,
    boot_id TEXT NOT NULL,
    monotonic REAL NOT NULL,
    trusted INTEGER NOT NULL,
    command INTEGER,
    result TEXT NOT NULL,
    crc INTEGER NOT NULL
);
CREATE INDEX batch_command ON batch (command) WHERE command IS NOT NULL;

CREATE TABLE transition (
    id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    subject TEXT NOT NULL,
    metric TEXT NOT NULL,
    instance TEXT NOT NULL,
    at REAL NOT NULL,
    body BLOB NOT NULL,
    crc INTEGER NOT NULL
);
CREATE INDEX transition_series ON transition (subject, metric, instance);

CREATE TABLE change (
    id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    incident TEXT NOT NULL,
    kind TEXT NOT NULL,
    at REAL NOT NULL,
    body BLOB NOT NULL,
    crc INTEGER NOT NULL
);
CREATE INDEX change_incident ON change (incident, kind, at);

CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    lane INTEGER NOT NULL,
    kind TEXT NOT NULL,
    created_at REAL NOT NULL,
    boot_id TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    body BLOB NOT NULL,
    crc INTEGER NOT NULL
);
CREATE INDEX outbox_lane ON outbox (lane, seq);

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- A new file is a new stream: sequence numbers of a replaced card never collide with those of the old one.
INSERT INTO meta VALUES ('stream', lower(hex(randomblob(8))));
