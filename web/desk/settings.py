"""What headquarters has decided: `desk.toml`, validated whole, every fault told at once with line and remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from gateway.core.calendar import DAYS
from gateway.core.device import IDENTIFIER
from gateway.core.document import Table, read_toml
from gateway.core.incident import Priority
from gateway.core.reports.period import Rhythm
from gateway.settings import CalendarSettings, PageSettings, Secret, UplinkSettings, reveal
from gateway.settings.calendar import read_calendar
from gateway.settings.common import read_connection, read_page, read_path, read_secret, read_text
from gateway.settings.read import LANGUAGES
from web.desk.deliver import MailServer
from web.desk.facts import SILENT_AFTER_S
from web.desk.notify import Recipient
from web.desk.policy_settings import NotifyRules, check_number, read_notify, read_place, read_sms
from web.desk.sms import SmsGateway

CHANNELS = ("mail", "sms", "webhook")
_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_PAGE = PageSettings(port=8090, host_names=("localhost",))


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """A whole `desk.toml`. ``database`` is a URL for SQLAlchemy; ``expected`` are sites (id -> name) that must speak
    even if they never did; ``address`` is where people reach the page, for links in messages."""

    organisation: str
    name: str
    data: Path
    database: str
    broker: UplinkSettings
    client_id: str = ""
    timezone: str = "Africa/Algiers"
    language: str = "fr"
    silent_after_s: float = SILENT_AFTER_S
    expected: Mapping[str, str] = field(default_factory=dict)
    page: PageSettings = _PAGE
    address: str = ""
    mail: MailServer | None = None
    webhook: Secret | None = None
    sms: SmsGateway | None = None
    people: tuple[Recipient, ...] = ()
    notify: NotifyRules = field(default_factory=NotifyRules)
    """When people are told, reminded and left alone."""
    secure: bool = False
    responder: CalendarSettings | None = None
    """When those who answer for incidents work, in ``timezone``; ``None``: as each site does."""
    register: Path | None = None
    """The register of contracts, duties and approved firmware (`register.toml`)."""
    rhythm: Rhythm = field(default_factory=Rhythm)
    """When reports are due."""
    owners: tuple[str, ...] = ()
    """Who may approve what is entered afterwards; empty: anybody but the one who entered it."""


def load(path: Path) -> DeskSettings:
    """The settings in a file. Raises ``InputError`` with every fault of the file, each with its line and remedy."""
    return parse(read_text(path), path)


def parse(text: str, path: Path) -> DeskSettings:
    """The settings in a text that stands (or will stand) at ``path``: relative paths start at its directory."""
    root = read_toml(text, str(path))
    base = path.absolute().parent
    desk, page = root.table("desk"), root.table("page")
    data_table = root.table("data")
    data = read_path(data_table, "path", base) or base / "data"
    broker = root.table("broker")
    mail = _mail(root.table("mail"), base) if "mail" in root else None
    webhook = root.table("webhook")
    address, secure = page.text("address"), page.boolean("secure", default=False)
    notify = read_notify(root.table("notify"), _zone(desk))
    settings = DeskSettings(
        organisation=_identifier(desk, "organisation"),
        name=desk.text("name") or desk.text("organisation"),
        data=data,
        database=_database(data_table, data),
        broker=read_connection(broker, base),
        client_id=broker.text("client_id"),
        timezone=_zone(desk),
        language=desk.choice("language", LANGUAGES, "fr"),
        silent_after_s=desk.duration("silent_after") or SILENT_AFTER_S,
        expected=_expected(root),
        page=read_page(page, _PAGE),
        address=address,
        mail=mail,
        webhook=read_secret(webhook, "secret", base),
        sms=read_sms(root.table("sms"), base) if "sms" in root else None,
        people=tuple(_recipient(one, notify) for one in root.tables("recipient")),
        notify=notify,
        secure=secure,
        responder=read_calendar(root.table("responder")) if "responder" in root else None,
        register=read_path(desk, "register", base),
        rhythm=_rhythm(root.table("reports"), _zone(desk)),
        owners=desk.texts("owners"),
    )
    _check_people(root, settings)
    for table in (root, desk, data_table, broker, webhook):
        table.done()
    root.source.finish()
    return settings


def _identifier(table: Table, key: str) -> str:
    value = table.required(key)
    if value and not IDENTIFIER.fullmatch(value):
        table.fault(key, f'{table.name(key)} = "{value}" is no id', "use a-z, 0-9, - _ . (63 at most)")
    return value


def _zone(table: Table) -> str:
    name = table.text("timezone", "Africa/Algiers")
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        table.fault("timezone", f'timezone "{name}" is unknown', 'write it as "Africa/Algiers"')
    return name


def _rhythm(table: Table, zone: str) -> Rhythm:
    known = Rhythm()
    rhythm = Rhythm(zone, table.choice("day", DAYS, known.day), table.integer("hour", known.hour, high=23))
    table.done()
    return rhythm


def _database(table: Table, data: Path) -> str:
    """URL of the ledger: a file below the data directory unless a server is named."""
    url = table.text("database")
    if not url:
        return f"sqlite:///{data / 'desk.db'}"
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgresql+psycopg"):
        table.fault("database", f'data.database = "{parts.scheme}:..." is no PostgreSQL', "or leave it out: a file")
    elif parts.password:
        table.fault("database", "data.database holds a password", "put it into ~/.pgpass or the variable PGPASSWORD")
    return parts._replace(scheme="postgresql+psycopg").geturl()


def _expected(root: Table) -> dict[str, str]:
    """[[site]] tables: id and name."""
    expected: dict[str, str] = {}
    for one in root.tables("site"):
        site = _identifier(one, "id")
        if site in expected:
            one.fault("id", f'site "{site}" is named twice', "remove one")
        expected[site] = one.text("name") or site
        one.done()
    return expected


def _mail(table: Table, base: Path) -> MailServer:
    security = table.choice("security", tuple(_PORTS), "starttls")
    password = read_secret(table, "password", base)
    user = table.text("user")
    if bool(user) != (password is not None):
        missing = "user" if password else "password"
        table.fault(missing, f"mail.{missing} is missing", "user and password belong together")
    server = MailServer(
        host=table.required("host"),
        port=table.integer("port", _PORTS[security], low=1, high=65535),
        sender=_address(table, "sender", "vigie@localhost"),
        security=security,
        user=user,
        password=partial(reveal, password) if password else None,
    )
    table.done()
    return server


def _address(table: Table, key: str, default: str = "") -> str:
    value = table.text(key, default)
    if value and (value.count("@") != 1 or any(letter.isspace() for letter in value)):
        table.fault(key, f'{table.name(key)} = "{value}" is no e-mail address', 'write it as "name@example.dz"')
    return value


def _recipient(table: Table, rules: NotifyRules) -> Recipient:
    """[[recipient]]: somebody to tell."""
    channel = table.choice("channel", CHANNELS, "mail")
    recipient = Recipient(
        name=table.required("name"),
        channel=channel,
        address=table.required("address"),
        language=table.choice("language", LANGUAGES, "fr"),
        sites=table.texts("sites"),
        lowest=Priority(table.choice("lowest", ("P1", "P2", "P3"), "P3")),
        **read_place(table, channel, rules),
        reports=_reports(table, channel),
    )
    if channel == "mail":
        _address(table, "address")
    elif channel == "sms":
        check_number(table, recipient.address)
    elif recipient.address and urlsplit(recipient.address).scheme not in ("http", "https"):
        table.fault("address", f'{table.name("address")} = "{recipient.address}" is no URL', 'write "https://..."')
    table.done()
    return recipient


def _reports(table: Table, channel: str) -> tuple[str, ...]:
    """Which reports somebody gets: by mail both, unless they say otherwise."""
    wanted = table.texts("reports") if "reports" in table else ("weekly", "monthly") if channel == "mail" else ()
    for one in wanted:
        if one not in ("weekly", "monthly"):
            table.fault("reports", f'{table.name("reports")}: "{one}" is no report', 'choose from "weekly", "monthly"')
    if wanted and channel != "mail":
        table.fault("reports", f"{table.name('reports')}: reports go by mail only", 'set channel = "mail"')
    return wanted


def _check_people(root: Table, settings: DeskSettings) -> None:
    names = [one.name for one in settings.people if one.name]
    for name in sorted({name for name in names if names.count(name) > 1}):
        root.fault("recipient", f'recipient "{name}" is named twice', "give each a name of their own")
    if settings.sms is None and any(one.channel == "sms" for one in settings.people):
        root.fault("recipient", "somebody is to get SMS, but there is no [sms]", 'add [sms] with url = "https://..."')
    if settings.mail is None and any(one.channel == "mail" for one in settings.people):
        root.fault("recipient", "somebody is to get mail, but there is no [mail]", 'add [mail] with host = "..."')
