"""The whole state of a depot as one archive: what a new card needs to go on where the old one stopped."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from gateway.core.errors import UnavailableError
from gateway.store.db import open_database

SCHEMAS = {"vigie.db": "record", "samples.db": "samples", "page/commands.db": "commands"}


def write_archive(target: Path, data: Path, texts: Mapping[str, str], *, now: float) -> list[str]:
    """Writes databases of ``data`` (each a consistent copy) and ``texts`` by name; returns the names of the members.

    Secrets are not in it: they are kept outside, by reference. The file is readable for its owner alone, since it
    holds the hashes of the page's accounts.
    """
    try:
        with tempfile.TemporaryDirectory(dir=target.absolute().parent) as folder, target.open("xb") as handle:
            target.chmod(0o600)
            with tarfile.open(fileobj=handle, mode="w:gz") as archive:
                for name, text in texts.items():
                    _add(archive, name, text.encode(), now)
                for name, schema in SCHEMAS.items():
                    if (data / name).exists():
                        copy = Path(folder) / Path(name).name
                        database = open_database(data / name, schema=schema, read_only=True)
                        database.copy_to(copy)
                        database.close()
                        archive.add(copy, name)
                return archive.getnames()
    except FileExistsError:
        raise UnavailableError(f"{target}: exists already", remedy="name another file") from None
    except OSError as error:
        raise UnavailableError(f"{target}: {error.strerror}", remedy="name a place that can be written") from error


def _add(archive: tarfile.TarFile, name: str, content: bytes, now: float) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = len(content), int(now), 0o600
    archive.addfile(member, io.BytesIO(content))
