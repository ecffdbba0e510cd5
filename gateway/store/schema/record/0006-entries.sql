-- What happened to the inventory (gateway/core/inventory.py): what devices said of themselves, what people decided about
-- discovered and replaced devices, the newest sweep, and the lines that witnessed an incident.
CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    at REAL NOT NULL,
    body BLOB NOT NULL,
    crc INTEGER NOT NULL
);
CREATE INDEX entry_kind ON entry (kind, subject);
