-- `row_crc` is the function of gateway/store/db.py.
ALTER TABLE account ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
UPDATE account SET crc = row_crc(name, role, secret_hash, created_at);
ALTER TABLE code ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
UPDATE code SET crc = row_crc(id, hash, expires_at, used);
