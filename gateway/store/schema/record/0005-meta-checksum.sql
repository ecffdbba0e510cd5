-- `row_crc` is the function of gateway/store/db.py.
ALTER TABLE meta ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
UPDATE meta SET crc = row_crc(key, value);
