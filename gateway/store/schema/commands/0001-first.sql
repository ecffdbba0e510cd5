-- Written by the page alone, read by the agent. Nothing that counts as a record is kept here.

CREATE TABLE command (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    created_at REAL NOT NULL,
    who TEXT NOT NULL,
    body BLOB NOT NULL,
    crc INTEGER NOT NULL
);

-- People who may sign in at this depot. `secret_hash` is made by the page's sign-in (argon2id).
CREATE TABLE account (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    created_at REAL NOT NULL
) WITHOUT ROWID;

-- The one-time code of the first sign-in: at most one is in force.
CREATE TABLE code (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    hash TEXT NOT NULL,
    expires_at REAL NOT NULL,
    used INTEGER NOT NULL DEFAULT 0
);
