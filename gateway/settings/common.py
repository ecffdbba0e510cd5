"""What `site.toml` and `desk.toml` have in common: paths, secrets by reference, a page, the way to a broker."""

from __future__ import annotations

import os
import re
from pathlib import Path

from gateway.core.document import Table
from gateway.core.errors import Fault, InputError, VigieError
from gateway.settings.model import PageSettings, Secret, UplinkSettings

_BROKER = re.compile(r"mqtts?://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9_.-]+)(:\d{1,5})?")
_PAGE = PageSettings()
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_text(path: Path) -> str:
    """The text of a file that a person wrote; ``InputError`` if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError([Fault(str(path), 0, f"cannot be read: {error.strerror}", "name a readable file")]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError([Fault(str(path), line, "not UTF-8 text", "save the file as UTF-8")]) from None


def read_path(table: Table, key: str, base: Path) -> Path | None:
    """A path that starts at ``base``, the directory of the file; ``None`` if it is absent."""
    value = table.optional_text(key)
    return base / Path(value).expanduser() if value else None


def read_secret(table: Table, key: str, base: Path) -> Secret | None:
    """A secret by reference; ``None`` if it is absent. The secret itself in the file is a fault."""
    value = table.values.get(key)
    how = 'write { file = "path" } or { env = "NAME" }'
    if isinstance(value, str):
        table.raw(key, str)
        table.fault(key, f"{table.name(key)} holds the secret itself", f"a secret is never in this file: {how}")
        return None
    if table.raw(key, dict, expected=how) is None:
        return None
    reference = table.table(key)
    file, variable = read_path(reference, "file", base), reference.optional_text("env")
    reference.done()
    if (file is None) == (variable is None):
        table.fault(key, f"{table.name(key)} needs one of file and env", how)
    elif variable and not _VARIABLE.fullmatch(variable):
        table.fault(key, f'{table.name(key)}: "{variable}" is no name of a variable', how)
    return Secret(file, variable)


def reveal(secret: Secret) -> str:
    """The value behind a reference, read now. Raises ``VigieError`` naming the file or variable that has none."""
    if secret.variable is not None:
        value = os.environ.get(secret.variable, "")
        if not value:
            raise VigieError(f"environment variable {secret.variable}: not set", remedy="set it for Vigie's service")
        return value
    if secret.file is None:
        raise VigieError("a secret without a reference", remedy="give it a file or a variable")
    try:
        value = secret.file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise VigieError(f"secret file {secret.file}: {reason}", remedy="make it readable for Vigie's user") from None
    if not value:
        raise VigieError(f"secret file {secret.file}: empty", remedy="write the secret into it")
    return value


def read_page(table: Table, known: PageSettings = _PAGE) -> PageSettings:
    """Where a page is served; what is absent is as in ``known``."""
    page = PageSettings(
        table.text("host", known.host),
        table.integer("port", known.port, high=65535),
        table.texts("host_names") or known.host_names,
    )
    table.done()
    return page


def read_connection(table: Table, base: Path) -> UplinkSettings:
    """The way to a broker. More keys may be asked for afterwards: ``done`` is left to the caller."""
    name = table.name()
    connection = UplinkSettings(
        url=table.required("url"),
        ca=read_path(table, "ca", base),
        cert=read_path(table, "cert", base),
        key=read_path(table, "key", base),
        keepalive_s=round(table.duration("keepalive") or UplinkSettings("").keepalive_s),
        table=name,
    )
    if connection.url and not _BROKER.fullmatch(connection.url):
        table.fault("url", f'{name}.url = "{connection.url}" is no broker', 'write it as "mqtts://host:8883"')
    if (connection.cert is None) != (connection.key is None):
        missing = "key" if connection.key is None else "cert"
        table.fault(missing, f"{name}.{missing} is missing", "cert and key belong together")
    if connection.url.startswith("mqtt://") and (connection.ca or connection.cert):
        table.fault("url", "certificates are given, but mqtt:// does not use them", 'write "mqtts://..."')
    return connection
