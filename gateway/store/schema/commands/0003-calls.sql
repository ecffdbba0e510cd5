-- Backup jobs that call a URL of the box: the token of that URL, and what the last call told. Written by the page alone.
CREATE TABLE call (
    device TEXT NOT NULL,
    job TEXT NOT NULL,
    token TEXT NOT NULL UNIQUE,
    made_at REAL NOT NULL,
    called_at REAL,
    ok INTEGER NOT NULL,
    detail TEXT NOT NULL,
    good_at REAL,
    size REAL,
    crc INTEGER NOT NULL,
    PRIMARY KEY (device, job)
) WITHOUT ROWID;
