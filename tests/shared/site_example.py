"""An invented depot as literal facts: the fake `Sources` for tests, screenshots and for looking at the pages.

Five scenes: "new" (the agent has never run), "ok", "down" (the till server is dead and somebody is on it), "power"
(the mains have just failed and nobody is), "stale" (the watch stopped ten minutes ago).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from gateway.core.calendar import Calendar
from gateway.core.device import Criticality, Device, Kind, Park, Service, Support, SupportModel, Warranty
from gateway.core.incident import Cause, Change, ChangeKind, Incident, Symptom, Transition, Verdict, fold
from gateway.ports import CurrentVerdict
from gateway.settings import Target
from web.common import Accounts, MemoryAccounts
from web.site import example_stock
from web.site.facts import Series, SiteCard, Sources

NOW = 1_795_339_208.0
"""Sunday 22 November 2026, 09:20:08 UTC: 10:20:08 in Algiers."""

SCENES = ("new", "ok", "down", "power", "stale")
_MINUTE = 60.0
_OLD = 20 * 86400.0

_PARK = Park(
    [
        Device("ups-1", "Onduleur de la baie", Kind.UPS, "192.168.10.30", Criticality.CRITICAL, parent="sw-1"),
        Device("rtr-1", "Routeur Internet", Kind.ROUTER, "192.168.10.1", Criticality.CRITICAL, power="ups-1"),
        Device("sw-1", "Commutateur bureaux", Kind.SWITCH, "192.168.10.3", Criticality.CRITICAL, power="ups-1"),
        Device(
            "sw-2", "Commutateur entrepôt", Kind.SWITCH, "192.168.10.4", Criticality.IMPORTANT, "sw-1", power="ups-1"
        ),
        Device(
            "srv-1",
            "Serveur de caisse",
            Kind.SERVER,
            "192.168.10.20",
            Criticality.CRITICAL,
            parent="sw-1",
            power="ups-1",
            collect=("reach", "snmp"),
            location="Local technique, baie A",
            vendor="Dell",
            model="PowerEdge T150",
            serial="7XK2P3J",
            purchased_on=date(2020, 9, 14),
            support=Support(SupportModel.TPM, "Atlas Maintenance", "AT-118", "021 00 00 00", date(2027, 6, 30)),
            warranty=Warranty(date(2023, 9, 14)),
            backups=("caisse", "compta=smb:Sauvegardes/compta/*.bak", "archive=call@7d"),
        ),
        Device("srv-2", "Serveur d’applications", Kind.SERVER, "192.168.10.21", Criticality.IMPORTANT, "sw-1", "ups-1"),
        Device("nas-1", "Serveur de fichiers", Kind.NAS, "192.168.10.22", Criticality.IMPORTANT, "sw-1", "ups-1"),
        Device("prn-1", "Imprimante étiquettes", Kind.PRINTER, "192.168.10.40", Criticality.STANDARD, "sw-2"),
    ],
    [
        Service("caisse", "Caisse et facturation", Criticality.CRITICAL, ("srv-1",), business="La caisse est arrêtée"),
        Service("secours", "Courant de secours", Criticality.CRITICAL, ("ups-1",)),
        Service("internet", "Internet et téléphone", Criticality.IMPORTANT, ("rtr-1",)),
        Service("stock", "Gestion du stock", Criticality.IMPORTANT, ("srv-2", "nas-1")),
        Service("etiquettes", "Étiquettes du quai", Criticality.STANDARD, ("prn-1",)),
        Service("entrepot", "Réseau de l’entrepôt", Criticality.STANDARD, ("sw-2",)),
    ],
)

_DOWN_STORY = (
    Change(
        "7c1f03a9d2e4",
        ChangeKind.OPENED,
        NOW - 38 * _MINUTE,
        NOW - 37 * _MINUTE,
        cause=Cause.DEVICE_UNREACHABLE,
        root_device="srv-1",
        root_metric="reach.up",
        priority="P1",
        value=0.0,
        symptoms=(Symptom("srv-1", "reach.up"), Symptom("caisse", "reach.up")),
        services=("caisse",),
    ),
    Change("7c1f03a9d2e4", ChangeKind.ACKNOWLEDGED, NOW - 27 * _MINUTE, NOW - 27 * _MINUTE, who="Karim Benali"),
    Change("7c1f03a9d2e4", ChangeKind.SILENCED, NOW - 22 * _MINUTE, NOW - 22 * _MINUTE, who="page", until=NOW + 480),
    Change(
        "7c1f03a9d2e4",
        ChangeKind.NOTE,
        NOW - 15 * _MINUTE,
        NOW - 15 * _MINUTE,
        who="Karim Benali",
        text="Alimentation du serveur en défaut probable. Pièce disponible à Alger.",
    ),
)
_WATCH_STORY = (
    Change(
        "2b90aa51c07d",
        ChangeKind.OPENED,
        NOW - 90 * _MINUTE,
        NOW - 80 * _MINUTE,
        cause=Cause.OVERHEATING,
        root_device="ups-1",
        root_metric="battery.temperature",
        priority="P3",
        value=38.0,
        symptoms=(Symptom("ups-1", "battery.temperature"), Symptom("secours", "battery.temperature")),
        services=("secours",),
    ),
)
_POWER_STORY = (
    Change(
        "e51d77b0c3f8",
        ChangeKind.OPENED,
        NOW - 2 * _MINUTE,
        NOW - 1 * _MINUTE,
        cause=Cause.POWER_LOST,
        root_device="ups-1",
        root_metric="ups.status",
        priority="P1",
        value="OB DISCHRG",
        symptoms=(Symptom("ups-1", "ups.status"), Symptom("secours", "ups.status"), Symptom("prn-1", "reach.up")),
        services=("caisse", "etiquettes"),
    ),
)
_PAST_STORY = (
    Change(
        "90ab12cd34ef",
        ChangeKind.OPENED,
        NOW - 5 * 86400,
        NOW - 5 * 86400 + 60,
        cause=Cause.UPLINK_LOST,
        root_device="rtr-1",
        root_metric="reach.up",
        priority="P2",
        symptoms=(Symptom("rtr-1", "reach.up"),),
        services=("internet",),
    ),
    Change("90ab12cd34ef", ChangeKind.RESTORED, NOW - 5 * 86400 + 1320, NOW - 5 * 86400 + 1620),
)


def _earlier(number: str, days: float, minutes: float, note: str) -> tuple[Change, ...]:
    """The till server, dead some months ago, and what was noted then."""
    at = NOW - days * 86400
    opened = replace(_DOWN_STORY[0], incident=number, at=at, detected_at=at + _MINUTE)
    noted = Change(number, ChangeKind.NOTE, at + 1200, at + 1200, "Karim Benali", note)
    return opened, noted, Change(number, ChangeKind.RESTORED, at + minutes * _MINUTE, at + minutes * _MINUTE)


_EARLIER_STORIES = (
    *_earlier("aa01", 45, 95, "Bloc d’alimentation remplacé"),
    *_earlier("aa02", 80, 120, "bloc d’alimentation remplacé."),
    *_earlier("aa03", 130, 40, "Câble secteur mal enfoncé"),
)

_STORIES: Mapping[str, Sequence[Change]] = {
    "new": (),
    "ok": _PAST_STORY,
    "down": (*_DOWN_STORY, *_WATCH_STORY, *_PAST_STORY, *_EARLIER_STORIES),
    "power": (*_POWER_STORY, *_PAST_STORY),
    "stale": (*_DOWN_STORY, *_WATCH_STORY, *_PAST_STORY),
}
_BAD: Mapping[str, Mapping[str, tuple[Verdict, float]]] = {
    "new": {},
    "ok": {},
    "down": {
        "srv-1": (Verdict.CRITICAL, NOW - 38 * _MINUTE),
        "caisse": (Verdict.CRITICAL, NOW - 38 * _MINUTE),
        "ups-1": (Verdict.WARNING, NOW - 90 * _MINUTE),
        "secours": (Verdict.WARNING, NOW - 90 * _MINUTE),
        "prn-1": (Verdict.UNKNOWN, NOW - 128 * _MINUTE),
        "etiquettes": (Verdict.UNKNOWN, NOW - 128 * _MINUTE),
        "entrepot": (Verdict.MAINTENANCE, NOW - 140 * _MINUTE),
        "sw-2": (Verdict.MAINTENANCE, NOW - 140 * _MINUTE),
    },
    "power": {
        "ups-1": (Verdict.CRITICAL, NOW - 2 * _MINUTE),
        "secours": (Verdict.WARNING, NOW - 2 * _MINUTE),
        "prn-1": (Verdict.UNKNOWN, NOW - 2 * _MINUTE),
        "etiquettes": (Verdict.UNKNOWN, NOW - 2 * _MINUTE),
    },
}


@dataclass(slots=True)
class Submitted:
    """A command that a page has left."""

    kind: str
    who: str
    body: Mapping[str, Any]


@dataclass(slots=True)
class Example:
    """The depot in one scene; ``submitted`` keeps the commands, ``scene`` may be changed while a page is open."""

    scene: str = "down"
    accounts: Accounts = field(default_factory=MemoryAccounts)
    submitted: list[Submitted] = field(default_factory=list)
    checked_at: float = NOW
    told: dict[str, Any] = field(default_factory=dict)
    """What the agent tells otherwise than the scene has it."""

    def sources(self) -> Sources:
        """The depot as the pages read it."""
        return Sources(
            card=_CARD,
            accounts=self.accounts,
            version=lambda: f"{self.scene} {self.checked_at}",
            park=lambda: _PARK,
            status=self.status,
            incidents=self.incidents,
            incident=lambda number: next((one for one in self.incidents() if one.id == number), None),
            transitions=self.transitions,
            verdicts=self.verdicts,
            series=series,
            submit=self.submit,
            entries=lambda: example_stock.entries(NOW, _DOWN_STORY[0].incident),
            storage=lambda: {"free": 25.1e9, "total": 29.2e9, "vigie.db": 4.2e6, "samples.db": 61.5e6},
        )

    def submit(self, kind: str, who: str, body: Mapping[str, Any]) -> int:
        """Keeps a command in memory."""
        self.submitted.append(Submitted(kind, who, body))
        return len(self.submitted)

    def incidents(self, since: float = 0.0) -> list[Incident]:
        """Open ones and those that came after ``since``, newest first."""
        found = (one for one in fold(_STORIES[self.scene]).values() if one.open or one.opened_at >= since)
        return sorted(found, key=lambda one: one.opened_at, reverse=True)

    def _bad(self) -> Mapping[str, tuple[Verdict, float]]:
        return _BAD["down" if self.scene == "stale" else self.scene]

    def transitions(self, start: float, end: float, subject: str | None) -> list[Transition]:
        """How each bad verdict came about."""
        return [
            Transition(name, "reach.up", "", Verdict.OK, verdict, since, since + 60)
            for name, (verdict, since) in self._bad().items()
            if subject in (None, name) and start <= since < end
        ]

    def verdicts(self) -> list[CurrentVerdict]:
        """The verdict on every device and service."""
        bad = self._bad()
        return [
            CurrentVerdict(name, "reach.up", "", *bad.get(name, (Verdict.OK, NOW - _OLD)))
            for name in (*_PARK.devices, *_PARK.services)
        ]

    def status(self) -> dict[str, Any] | None:
        """The agent's status document."""
        if self.scene == "new":
            return None
        bad = self._bad()

        def entry(name: str, at: float) -> dict[str, Any]:
            verdict, since = bad.get(name, (Verdict.OK, NOW - _OLD))
            silent = verdict in (Verdict.CRITICAL, Verdict.UNKNOWN) and name != "ups-1"
            failure = {"kind": "timeout", "what": "reach", "detail": ""} if silent else None
            return {"verdict": verdict, "since": since, "last_poll_at": at - 3, "failure": failure, "identity": {}}

        at = NOW - 600 if self.scene == "stale" else self.checked_at
        return {
            "at": at,
            "site": _CARD.id,
            "boot_id": "3f9a1c55e20b7d48",
            "clock_trusted": True,
            "devices": {name: entry(name, at) for name in _PARK.devices},
            "services": {name: entry(name, at) for name in _PARK.services},
            "latest": [[*row, None, at - 3] for row in _latest(self.scene)],
            "link": _LINK_CUT if self.scene == "power" else _LINK,
            "panel": {"light": "red", "blink": "steady", "buzzer": "off"},
            "silenced_until": NOW + 480 if self.scene == "down" else None,
            "model": "anomaly-int8 2026.10",
            "forecasts": _FORECASTS,
            "clock": {
                "known": True,
                "boot": 14,
                "earliest": None,
                "unknown": [{"number": 12, "earliest": NOW - 9 * _DAY, "latest": NOW - 8.6 * _DAY}],
            },
            **example_stock.told(NOW),
            **self.told,
        }


_CARD = SiteCard(
    id="rouiba",
    name="Dépôt de Rouiba",
    contact="Atlas Maintenance",
    phone="021 00 00 00",
    targets={
        Criticality.CRITICAL: Target(1800.0, None, 14400.0, 0.995),
        Criticality.IMPORTANT: Target(14400.0, None, 30600.0, 0.99),
    },
    hours=Calendar("Africa/Algiers", dict.fromkeys(("sun", "mon", "tue", "wed", "thu"), ((480, 1020),))),
    addresses=("http://192.168.10.5/", "http://gateway.local/"),
)
_LINK = {
    "connected": True,
    "since": NOW - 3 * 86400,
    "reason": "",
    "last_ack_at": NOW - 10,
    "waiting": {},
    "in_flight": 0,
    "rtt_s": 0.184,
    "resent": 4,
}
_LINK_CUT = {
    **_LINK,
    "connected": False,
    "since": NOW - 90,
    "reason": "broker: timed out",
    "last_ack_at": NOW - 100,
    "waiting": {"1": 2, "2": 35},
    "rtt_s": None,
}


_DAY = 86_400.0
_FORECASTS = [
    {
        "device": "srv-1",
        "what": "disk_full",
        "instance": "/data",
        "label": "/data",
        "at": NOW + 41 * _DAY,
        "earliest": NOW + 33 * _DAY,
        "latest": NOW + 55 * _DAY,
        "reasons": ["trend"],
    },
    {
        "device": "ups-1",
        "what": "battery_worn",
        "instance": "",
        "label": "",
        "at": NOW + 70 * _DAY,
        "earliest": NOW + 12 * _DAY,
        "latest": NOW + 200 * _DAY,
        "reasons": ["age", "heat"],
    },
    {
        "device": "srv-1",
        "what": "support_ending",
        "instance": "",
        "label": "",
        "at": NOW + 220 * _DAY,
        "reasons": ["date"],
    },
]


def _latest(scene: str) -> list[tuple[str, str, str, str, float | str]]:
    rows: list[tuple[str, str, str, str, float | str]] = [
        ("ups-1", "ups.status", "", "", "OB DISCHRG" if scene == "power" else "OL CHRG"),
        ("ups-1", "battery.runtime", "", "", 840.0),
        ("ups-1", "battery.charge", "", "", 96.0),
        ("ups-1", "ups.load", "", "", 62.0),
        ("ups-1", "battery.temperature", "", "", 38.0),
        ("ups-1", "input.voltage", "", "", 223.4),
        ("srv-1", "backup.age", "caisse", "", 7.5 * 3600),
        ("srv-1", "backup.size", "caisse", "", 5.2e9),
        ("srv-1", "backup.age", "compta", "", 41 * 3600.0),
        ("srv-1", "system.cpu.utilization", "", "", 0.11),
        ("srv-1", "system.filesystem.utilization", "/", "/", 0.71),
        ("srv-1", "system.filesystem.utilization", "/data", "/data", 0.86),
        ("gateway", "system.cpu.utilization", "", "", 0.11),
        ("gateway", "system.memory.utilization", "", "", 0.3),
        ("gateway", "hw.temperature", "cpu", "CPU", 56.0),
        ("gateway", "gateway.power.supply", "", "", "ok"),
        ("gateway", "gateway.storage.wear", "mmcblk0", "", 0.71),
    ]
    return rows + [
        (name, "reach.duration", "", "", 0.021) for name in _PARK.devices if name not in ("gateway", "prn-1", "srv-1")
    ]


_RANGES = {
    "battery.temperature": (22.0, 38.0),
    "battery.charge": (92.0, 100.0),
    "ups.load": (40.0, 70.0),
    "input.voltage": (215.0, 231.0),
    "battery.runtime": (600.0, 900.0),
}


def series(_device: str, metric: str, _instance: str, start: float, end: float) -> Series:
    """A quarter-hourly curve that rises at its end."""
    low, high = _RANGES.get(metric, (0.1, 0.6))
    count = int((min(end, NOW) - start) // 900) + 1
    found: Series = []
    for index in range(max(count, 0)):
        late = max(0.0, (index - count + 7) / 6)
        share = 0.45 + 0.08 * math.sin(index / 9) + 0.02 * math.sin(index * 1.7) + 0.47 * late
        found.append((start + index * 900, low + (high - low) * share))
    return found
