"""What a site has decided, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from gateway.core.calendar import Calendar
from gateway.core.device import Criticality, Site


@dataclass(frozen=True, slots=True)
class CalendarSettings:
    """Opening hours as data. ``week`` maps sun..sat to pairs of (start, end) minutes after midnight, local time;
    ``holidays`` is a country code or dates; a later entry of ``special`` wins; ``closures`` come back every year, from
    (month, day) to (month, day). ``moves`` are the moving feasts of the country as headquarters decided them: announced
    date -> the real one."""

    week: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    holidays: str | tuple[date, ...] = ()
    special: tuple[tuple[date, date, Mapping[str, tuple[tuple[int, int], ...]]], ...] = ()
    closures: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()
    moves: Mapping[date, date] = field(default_factory=dict)

    def calendar(self, timezone: str, holidays: frozenset[date], *, always_on: bool = False) -> Calendar:
        """The calendar itself; ``holidays`` are the dates that the setting stands for."""
        return Calendar(timezone, self.week, holidays, self.special, always_on, self.closures)


@dataclass(frozen=True, slots=True)
class Target:
    """The service level of one criticality. Durations are business seconds, availability a fraction of 1. ``zones``
    are other durations for devices of a zone (a far site takes longer to reach)."""

    response_s: float | None = None
    intervention_s: float | None = None
    restore_s: float | None = None
    availability: float | None = None
    zones: Mapping[str, Target] = field(default_factory=dict)

    def of_zone(self, zone: str) -> Target:
        """What holds in a zone: its own durations, and those of everywhere where it has none."""
        other = self.zones.get(zone)
        if other is None:
            return self
        keys = ("response_s", "intervention_s", "restore_s")
        own = {key: value for key in keys if (value := getattr(other, key)) is not None}
        return replace(self, **own)


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret by reference: a file or an environment variable. The value is read when it is used, never kept here."""

    file: Path | None = None
    variable: str | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """How a device is asked. ``type`` is snmp, ssh, http, smb or nut. SNMP v1 and v2c need ``community``; v3 needs
    ``user`` and, by level, ``auth`` and ``priv``; the others need ``user`` and ``password``."""

    name: str
    type: str = "snmp"
    version: str = "2c"
    community: Secret | None = None
    user: str = ""
    auth_protocol: str = "SHA256"
    auth: Secret | None = None
    priv_protocol: str = "AES"
    priv: Secret | None = None
    password: Secret | None = None
    key: Secret | None = None
    """File of the private key, for ssh."""
    token: Secret | None = None
    """Bearer token, for http, in place of user and password."""
    ca: Path | None = None
    """Authority that signs the certificates of devices, for http; None: those of the system."""


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """The way to headquarters. ``url`` is mqtts://host:port (mqtt:// only without certificates, for tests)."""

    url: str
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    keepalive_s: int = 240
    summary_every_s: float = 300.0
    desk_key: str = ""
    """Public key of headquarters (43 characters of base64url); without it nothing asked from afar is carried out."""
    history_kbit_s: int = 32
    """What back-fill may take of the line in the long run: half of the slowest line that is promised for."""
    home_assistant: bool = False
    """Whether devices are announced to Home Assistant (MQTT discovery)."""
    table: str = "uplink"
    """Name of its table in the file, for messages to people."""


@dataclass(frozen=True, slots=True)
class PollSettings:
    """How often devices are asked, how long one answer may take, how many are asked at once."""

    every_s: float = 60.0
    timeout_s: float = 2.0
    retries: int = 1
    concurrency: int = 16
    deadline_s: float = 30.0


@dataclass(frozen=True, slots=True)
class PageSettings:
    """Where the depot's page is served; ``host_names`` are allowed in the Host header besides addresses."""

    host: str = "0.0.0.0"  # noqa: S104 - the page is for everybody in the depot
    port: int = 8080
    host_names: tuple[str, ...] = ("gateway.local", "localhost")


@dataclass(frozen=True, slots=True)
class PanelSettings:
    """GPIO numbers (BCM) of the panel board; ``enabled`` is off where there is no board."""

    enabled: bool = False
    red: int = 17
    green: int = 27
    blue: int = 22
    buzzer: int = 18
    button: int = 23
    pin_factory: str = ""
    """"" for the real pins of a Raspberry Pi, "mock" for gpiozero's own fake pins."""


@dataclass(frozen=True, slots=True)
class ShutdownSettings:
    """Servers that are shut down before their UPS is empty; ``dry_run`` only tells what would be done."""

    devices: tuple[str, ...] = ()
    dry_run: bool = True


@dataclass(frozen=True, slots=True)
class DetectSettings:
    """The anomaly model: off, or a path (empty: the one that is shipped)."""

    enabled: bool = True
    model: Path | None = None


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """Who is told of incidents by headquarters, and over which channel (page, mail or webhook)."""

    to: tuple[str, ...] = ()
    channel: str = "page"


@dataclass(frozen=True, slots=True)
class TrapSettings:
    """Where SNMP notifications are received."""

    host: str = "0.0.0.0"  # noqa: S104 - every device of the depot may send
    port: int = 162


@dataclass(frozen=True, slots=True)
class DiscoverySettings:
    """Whether the agent sweeps the site's networks by itself, how often, questions a second, and the UDP port at which
    SNMP agents are asked."""

    enabled: bool = False
    every_s: float = 86_400.0
    per_s: int = 20
    snmp_port: int = 161


@dataclass(frozen=True, slots=True)
class SyslogSettings:
    """Where syslog is received (a port of 0: not that way), and a file of patterns that go before the shipped ones."""

    host: str = "0.0.0.0"  # noqa: S104 - every device of the depot may send
    udp: int = 514
    tcp: int = 514
    patterns: Path | None = None


@dataclass(frozen=True, slots=True)
class KeepSettings:
    """How readings are kept: seconds between commits, seconds of raw readings, seconds of hourly roll-ups, and the
    bytes that all of them may take."""

    commit_s: float = 300.0
    raw_s: float = 60 * 86400.0
    rollup_s: float = 730 * 86400.0
    bytes_max: float = 1e9


@dataclass(frozen=True, slots=True)
class Settings:
    """A whole `site.toml`. ``data`` is the directory of everything durable, ``runtime`` that of the volatile status
    file (a RAM disk where there is one), ``inventory`` a tinydb file (.json) or a read-only `inventory.toml`."""

    site: Site
    data: Path
    inventory: Path
    runtime: Path = Path("/run/vigie")
    calendar: CalendarSettings = CalendarSettings()
    service_levels: Mapping[Criticality, Target] = field(default_factory=dict)
    uplink: UplinkSettings | None = None
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    networks: tuple[str, ...] = ()
    traps: TrapSettings | None = None
    syslog: SyslogSettings | None = None
    discovery: DiscoverySettings = DiscoverySettings()
    poll: PollSettings = PollSettings()
    page: PageSettings = PageSettings()
    panel: PanelSettings = PanelSettings()
    detect: DetectSettings = DetectSettings()
    runbooks: Path | None = None
    """Folder of the site's own steps (docs/reference/runbooks.md); ``None``: only the shipped ones."""
    contact_name: str = ""
    contact_phone: str = ""
    notify: NotifySettings = NotifySettings()
    shutdown: ShutdownSettings = ShutdownSettings()
    keep: KeepSettings = KeepSettings()

    @property
    def commands(self) -> Path:
        """commands.db, in the one directory that the page may write (the page runs as another user than the agent)."""
        return self.data / "page" / "commands.db"
