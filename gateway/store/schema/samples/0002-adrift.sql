-- Frames of `hot` that were taken while nobody knew the time: the boot they are of, and the offset of its line then.
CREATE TABLE adrift (id INTEGER PRIMARY KEY, boot TEXT NOT NULL, offset REAL NOT NULL, crc INTEGER NOT NULL);
