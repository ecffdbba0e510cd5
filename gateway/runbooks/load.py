"""Reads runbooks: one TOML file per cause, its name is the cause. All faults are told, with lines."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from gateway.core.errors import Fault, InputError, UnavailableError
from gateway.core.runbook import Runbook, Runbooks, merged, read_runbook


@cache
def shipped_runbooks() -> Runbooks:
    """The runbooks that come with Vigie, one for every cause."""
    files = sorted(resources.files("gateway.runbooks").iterdir(), key=lambda file: file.name)
    return {book.cause: book for book in _read(files, shipped=True)}


def load_runbooks(own: Path | None) -> Runbooks:
    """The shipped runbooks with those of a site's folder. Raises InputError with every fault of its files, and
    UnavailableError for a folder that cannot be read."""
    return merged(shipped_runbooks(), own_runbooks(own))


def own_runbooks(own: Path | None) -> list[Runbook]:
    """The runbooks in a site's folder; none without one. Raises like ``load_runbooks``."""
    if own is None:
        return []
    try:
        files = sorted(own.iterdir())
    except OSError as error:
        raise UnavailableError(f"{own}: {error.strerror}", remedy="correct [runbooks] path in site.toml") from error
    return _read(files, shipped=False)


def _read(files: Iterable[Traversable], *, shipped: bool) -> list[Runbook]:
    found: list[Runbook] = []
    faults: list[Fault] = []
    for file in files:
        if not file.name.endswith(".toml"):
            continue
        try:
            found.append(
                read_runbook(file.read_text(encoding="utf-8"), file.name if shipped else str(file), shipped=shipped)
            )
        except InputError as error:
            faults += error.faults
        except (OSError, UnicodeDecodeError) as error:
            faults.append(Fault(str(file), 0, f"cannot be read: {error}", "make it a UTF-8 text that Vigie may read"))
    if faults:
        raise InputError(faults)
    return found
