"""The real `Sources`: the agent's files, read-only, and commands.db, the one file the page writes."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from gateway.clock import Clock
from gateway.core.calendar import Calendar
from gateway.core.device import Park
from gateway.core.errors import VigieError
from gateway.core.incident import Change, Incident, Transition, continued
from gateway.core.inventory import Entry, EntryKind
from gateway.feasts import holiday_dates
from gateway.ports import CurrentVerdict
from gateway.runbooks import load_runbooks
from gateway.settings import Settings
from gateway.settings.remote import adjusted
from gateway.store import samples, status
from gateway.store.calls import Calls
from gateway.store.commands import Accounts, CommandQueue
from gateway.store.db import Database, open_database
from gateway.store.inventory import InventoryStore
from gateway.store.ledger import SqliteLedger
from gateway.store.orders import SqliteOrders
from gateway.store.samples import SampleReader
from web.site.facts import Series, SiteCard, Sources

T = TypeVar("T")
_RECORD = "vigie.db"


class _Lazily(Generic[T]):
    """One file of the agent's, opened when it is first there: the page may well start before the agent."""

    def __init__(self, path: Path, schema: str, reader: Callable[[Database], T]) -> None:
        self.path = path
        self._schema = schema
        self._reader = reader
        self._opened: T | None = None
        self._lock = threading.Lock()

    def get(self) -> T | None:
        """The reader; ``None`` while there is no file. Raises `VigieError` for a file that cannot be read."""
        with self._lock:
            if self._opened is None and self.path.exists():
                self._opened = self._reader(open_database(self.path, schema=self._schema, read_only=True))
            return self._opened


class _Record:
    """vigie.db and samples.db as the pages ask for them; before the agent's first start there is nothing in them."""

    def __init__(self, data: Path) -> None:
        self.ledger = _Lazily(data / _RECORD, "record", SqliteLedger)
        self.samples = _Lazily(data / samples.FILE_NAME, "samples", SampleReader)
        self.orders = _Lazily(data / _RECORD, "record", SqliteOrders)
        self._reading = threading.Lock()

    def incidents(self, since: float) -> Sequence[Incident]:
        ledger = self.ledger.get()
        return ledger.incidents(since=since) if ledger else ()

    def incident(self, number: str) -> Incident | None:
        ledger = self.ledger.get()
        return ledger.incident(number) if ledger else None

    def transitions(self, start: float, end: float, subject: str | None) -> Sequence[Transition]:
        ledger = self.ledger.get()
        return ledger.transitions(start, end, subject=subject) if ledger else ()

    def verdicts(self) -> Sequence[CurrentVerdict]:
        ledger = self.ledger.get()
        return ledger.verdicts() if ledger else ()

    def adjustments(self) -> Mapping[str, float]:
        orders = self.orders.get()
        return orders.adjustments() if orders else {}

    def series(self, device: str, metric: str, instance: str, start: float, end: float) -> Series:
        reader = self.samples.get()
        if reader is None:
            return []
        with self._reading:  # the reader keeps dictionaries that it fills as it goes
            return reader.series(device, metric, instance, start, end)

    def entries(self) -> Sequence[Entry]:
        ledger = self.ledger.get()
        return ledger.entries(*(kind for kind in EntryKind if kind is not EntryKind.SURVEY)) if ledger else ()


class _Inventory:
    """The park, read again when its file changes; ``calls`` then makes URLs for new backup jobs."""

    def __init__(self, path: Path, calls: Calls) -> None:
        self._store = InventoryStore(path)
        self._calls = calls
        self._mark = ""
        self._park = Park()
        self._lock = threading.Lock()

    def park(self) -> Park:
        with self._lock:
            mark = " ".join(map(_mark, self._store.files))
            if mark != self._mark:
                self._park = self._store.park()
                with suppress(VigieError):  # a full disk or a damaged file takes no page away: it is tried again
                    self._calls.know(self._park)
                    self._mark = mark
            return self._park


def open_sources(
    settings: Settings, clock: Clock, *, port: int, when_damaged: Callable[[], object] = lambda: None
) -> Sources:
    """The sources of a site's page that is served on ``port``. Makes commands.db; raises `VigieError` if it cannot.
    ``when_damaged`` is called when a page of that file turns out to be damaged."""
    queue = CommandQueue(settings.commands, clock, last_command(settings.data / _RECORD))
    accounts = Accounts(settings.commands, clock)
    calls = Calls(settings.commands, clock)
    for file in (queue, accounts, calls):
        file.when_damaged(when_damaged)
    record, inventory = _Record(settings.data), _Inventory(settings.inventory, calls)
    status_file = settings.runtime / status.FILE_NAME
    watched = [
        status_file,
        *(settings.data / f"{name}{end}" for name in (_RECORD, samples.FILE_NAME) for end in ("", "-wal")),
        *InventoryStore(settings.inventory).files,
    ]
    return Sources(
        card=site_card(settings, clock.wall(), port),
        accounts=accounts,
        version=lambda: " ".join(_mark(path) for path in watched),
        park=inventory.park,
        status=lambda: status.read_status(status_file),
        incidents=lambda since: continued(record.incidents(since), unwritten(status_file)),
        incident=lambda number: _told_further(record.incident(number), number, unwritten(status_file)),
        transitions=record.transitions,
        verdicts=record.verdicts,
        series=record.series,
        submit=queue.put,
        storage=lambda: storage(settings.data),
        entries=record.entries,
        calls=calls,
        hours=lambda: opening_hours(adjusted(settings, record.adjustments()), clock.wall()),
    )


def last_command(record: Path) -> int:
    """The newest command that the agent has dealt with, as its record tells; 0 where that cannot be read."""
    try:
        database = open_database(record, read_only=True)
    except VigieError:
        return 0
    with closing(database):
        return SqliteLedger(database).last_command()


def unwritten(status_file: Path) -> list[Change]:
    """What happened to incidents and waits for the disk: the agent tells it in its status document."""
    told = (status.read_status(status_file) or {}).get("unwritten_changes") or ()
    try:
        return msgspec.convert(told, list[Change])
    except msgspec.ValidationError:  # of an agent of another version, for as long as the update takes
        return []


def _told_further(found: Incident | None, number: str, changes: Sequence[Change]) -> Incident | None:
    own = [change for change in changes if change.incident == number]
    return next(iter(continued([found] if found else [], own)), None)


def _mark(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return "-"
    return f"{found.st_mtime_ns:x}.{found.st_size:x}.{found.st_ino:x}"


def storage(data: Path) -> Mapping[str, float]:
    """Free and whole bytes of the disk that holds ``data``, and the size of each file of the record."""
    try:
        disk = os.statvfs(data)
    except OSError:
        return {}
    sizes = {
        name: float((data / name).stat().st_size) for name in (_RECORD, samples.FILE_NAME) if (data / name).exists()
    }
    return {"free": float(disk.f_bavail * disk.f_frsize), "total": float(disk.f_blocks * disk.f_frsize), **sizes}


def site_card(settings: Settings, now: float, port: int) -> SiteCard:
    """What was decided about the site, and the addresses of its page."""
    site = settings.site
    return SiteCard(
        id=site.id,
        name=site.name,
        language=site.language,
        timezone=site.timezone,
        contact=settings.contact_name,
        phone=settings.contact_phone,
        targets=settings.service_levels,
        hours=opening_hours(settings, now),
        addresses=addresses(settings.page.host, settings.page.host_names, port),
        runbooks=load_runbooks(settings.runbooks),
    )


def opening_hours(settings: Settings, now: float) -> Calendar:
    """The site's hours with the holidays of last year, this one and the next, moving feasts as headquarters decided."""
    calendar = settings.calendar
    year = datetime.fromtimestamp(now, UTC).year
    given, years = calendar.holidays, range(year - 1, year + 2)
    dates = holiday_dates(given, years, {given: calendar.moves} if isinstance(given, str) else {}) if given else ()
    return calendar.calendar(settings.site.timezone, frozenset(dates), always_on=not calendar.week)


def addresses(host: str, names: Sequence[str], port: int) -> tuple[str, ...]:
    """Where a telephone finds the page: by IP address (older ones do not know `.local`), then by name."""
    everywhere = host in ("", "0.0.0.0", "::")  # noqa: S104 - compared, not bound
    tail = "" if port == 80 else f":{port}"
    hosts = [own_address() if everywhere else host]
    hosts += [name for name in names if everywhere and name != "localhost"][:1]
    return tuple(f"http://{f'[{name}]' if ':' in name else name}{tail}/" for name in hosts)


def own_address() -> str:
    """The address this machine has on its network. No packet is sent: connecting a UDP socket only picks a route."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
