-- What headquarters asked of this box, and what became of it: an order is carried out once, whatever the broker repeats.
CREATE TABLE desk_order (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    who TEXT NOT NULL,
    issued_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    at REAL NOT NULL,
    refusal TEXT NOT NULL,
    crc INTEGER NOT NULL
) WITHOUT ROWID;
-- Settings that headquarters changed within the limits of gateway/settings/remote.py; they win over site.toml.
CREATE TABLE adjustment (
    name TEXT PRIMARY KEY,
    value REAL NOT NULL,
    crc INTEGER NOT NULL
) WITHOUT ROWID;
