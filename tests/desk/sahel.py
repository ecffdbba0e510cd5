"""A company on paper: twelve depots with everything that the pages of headquarters have to show. Invented."""

from __future__ import annotations

from dataclasses import replace

from gateway.core.calendar import Calendar
from gateway.core.device import Cost, Criticality, Device, Kind, Park, Service, Support, SupportModel
from gateway.core.incident import Change, ChangeKind, Incident, Symptom, Transition, Verdict, fold
from gateway.settings import Target
from gateway.wire.statistics import Series
from web.desk.facts import Hour, SiteFacts
from web.desk.memory import MemoryFleet
from web.desk.notify import NoticeKind, NoticeState, Notification

NOW = 1_795_339_208.0
"""Sunday 22 November 2026, 10:20:08 in Algiers."""
MIN, HOUR, DAY = 60.0, 3600.0, 86_400.0

WEEK = dict.fromkeys(("sun", "mon", "tue", "wed", "thu"), ((480, 1020),))
HOURS = Calendar("Africa/Algiers", WEEK)
TARGETS = {
    Criticality.CRITICAL: Target(response_s=30 * MIN, restore_s=4 * HOUR, availability=0.995),
    Criticality.IMPORTANT: Target(response_s=2 * HOUR, restore_s=9 * HOUR, availability=0.99),
    Criticality.STANDARD: Target(restore_s=18 * HOUR, availability=0.97),
}
ATLAS = Support(SupportModel.TPM, "Atlas Maintenance", "AT-2026-118", "021 00 00 00")


def park(extra: int = 0) -> Park:
    """A till server behind a switch, an UPS, a file server, a printer, and ``extra`` access points."""
    critical, important = Criticality.CRITICAL, Criticality.IMPORTANT
    devices = [
        Device(
            "srv-1",
            "Serveur de caisse",
            Kind.SERVER,
            "192.168.10.20",
            critical,
            "sw-1",
            support=ATLAS,
            perimeter="Serveurs",
            cost=Cost(monthly=9500.0),
            vendor="Dell",
            model="T150",
        ),
        Device(
            "sw-1",
            "Commutateur entrepôt",
            Kind.SWITCH,
            "192.168.10.3",
            important,
            perimeter="Réseau",
            cost=Cost(monthly=2400.5),
            vendor="Cisco",
            model="CBS250-24T",
        ),
        Device(
            "ups-1",
            "Onduleur de la baie",
            Kind.UPS,
            "192.168.10.30",
            critical,
            perimeter="Énergie",
            cost=Cost(monthly=1800.0),
            vendor="APC",
            model="SMT1500IC",
        ),
        Device(
            "nas-1",
            "Serveur de fichiers",
            Kind.NAS,
            "192.168.10.21",
            important,
            "sw-1",
            support=ATLAS,
            perimeter="Serveurs",
            cost=Cost(monthly=3100.0),
            vendor="Synology",
            model="DS723+",
        ),
        Device("prn-1", "Imprimante étiquettes quai 2", Kind.PRINTER, "192.168.10.40", parent="sw-1"),
    ]
    devices += [Device(f"ap-{n}", f"Borne Wi-Fi {n}", Kind.ACCESS_POINT) for n in range(1, extra + 1)]
    services = [
        Service("till", "Caisse et facturation", critical, ("srv-1",), business="La vente au comptoir s’arrête"),
        Service("files", "Documents partagés", important, ("nas-1",), business="Les bons de livraison attendent"),
    ]
    return Park(devices, services)


def incident(incident_id: str, cause: str, root: str | None, priority: str, ago_s: float, **more: object) -> Incident:
    """An open incident that began ``ago_s`` before NOW."""
    at = NOW - ago_s
    opened = Change(
        incident_id,
        ChangeKind.OPENED,
        at,
        at + 90,
        cause=cause,
        root_device=root,
        root_metric="reach.up",
        priority=priority,
    )
    return fold([replace(opened, **more)])[incident_id]  # type: ignore[arg-type]


def after(one: Incident, *changes: Change) -> Incident:
    """The incident after more has happened to it."""
    return fold([*one.story, *changes])[one.id]


def change(one: Incident, kind: ChangeKind, ago_s: float, who: str = "", text: str = "") -> Change:
    """Something that happened to an incident ``ago_s`` before NOW."""
    return Change(one.id, kind, NOW - ago_s, NOW - ago_s, who, text)


GHARDAIA = incident("c0ffee000052", "site_silent", None, "P1", 130 * MIN)
TILL = incident(
    "c0ffee000147",
    "device_unreachable",
    "srv-1",
    "P1",
    38 * MIN,
    services=("till",),
    symptoms=(Symptom("srv-1", "reach.up"), Symptom("till", "reach.up")),
)
TILL = after(
    TILL,
    change(TILL, ChangeKind.ACKNOWLEDGED, 27 * MIN, "Karim Benali"),
    change(TILL, ChangeKind.NOTE, 15 * MIN, "Karim Benali", "Alimentation en défaut probable, départ d’Alger à 11 h"),
)
DISK = incident("c0ffee000101", "disk_failing", "nas-1", "P2", 19 * HOUR, services=("files",))
DISK = after(DISK, change(DISK, ChangeKind.ACKNOWLEDGED, 18 * HOUR, "Karim Benali"))
PRINTER = incident("c0ffee000146", "device_unreachable", "prn-1", "P3", 128 * MIN)
OLD = incident("c0ffee000099", "device_unreachable", "srv-1", "P1", 3 * DAY, services=("till",))
OLD = after(
    OLD,
    change(OLD, ChangeKind.ACKNOWLEDGED, 3 * DAY - 10 * MIN, "Nadia Haddad"),
    change(OLD, ChangeKind.RESTORED, 3 * DAY - 52 * MIN),
)
ADVICE = incident("c0ffee000150", "anomaly", "ups-1", "P4", 90 * MIN)


def site(site_id: str, name: str, *incidents: Incident, extra: int = 4, **more: object) -> SiteFacts:
    """A depot that spoke half a minute ago."""
    return replace(
        SiteFacts(
            site_id, name, contact=name, heard_at=NOW - 30, park=park(extra), hours=HOURS, targets=TARGETS, states={}
        ),
        incidents=incidents,
        **more,  # type: ignore[arg-type]
    )


def sites() -> list[SiteFacts]:
    """The twelve."""
    others = (
        ("setif", "Sétif"),
        ("bejaia", "Béjaïa"),
        ("constantine", "Constantine"),
        ("annaba", "Annaba"),
        ("tlemcen", "Tlemcen"),
        ("batna", "Batna"),
        ("tiaret", "Tiaret"),
        ("chlef", "Chlef"),
    )
    return [
        site("oran", "Oran Es-Sénia", ADVICE, extra=9),
        *(site(one, name, extra=n) for n, (one, name) in enumerate(others, 3)),
        site("blida", "Blida", DISK),
        site(
            "rouiba",
            "Rouiba",
            TILL,
            PRINTER,
            OLD,
            states={"srv-1": Verdict.CRITICAL, "till": Verdict.CRITICAL, "prn-1": Verdict.CRITICAL},
        ),
        site("ghardaia", "Ghardaïa", GHARDAIA, phone="029 00 00 00", heard_at=NOW - 130 * MIN),
    ]


def transitions() -> dict[str, list[Transition]]:
    """Forty days of the till service at every site: always there, but for two outages at Rouiba."""

    def turn(before: Verdict, after_: Verdict, ago_s: float) -> Transition:
        return Transition("till", "reach.up", "", before, after_, NOW - ago_s, NOW - ago_s)

    up = turn(Verdict.UNKNOWN, Verdict.OK, 40 * DAY)
    found = {one.id: [up] for one in sites()}
    outages = ((3 * DAY, 3 * DAY - 52 * MIN), (38 * MIN, 0.0))
    for start, end in outages:
        found["rouiba"].append(turn(Verdict.OK, Verdict.CRITICAL, start))
        if end:
            found["rouiba"].append(turn(Verdict.CRITICAL, Verdict.OK, end))
    return found


def notifications() -> list[Notification]:
    """One message delivered, one that waits for a mail server."""
    first = Notification(
        "0" * 24,
        NoticeKind.OPENED,
        "rouiba",
        TILL.id,
        "P1",
        "Nadia Haddad",
        "mail",
        "nadia@example.org",
        "fr",
        NOW - 37 * MIN,
        "Urgent · Rouiba : Serveur de caisse ne répond plus",
        "…",
    )
    delivered = replace(
        first,
        state=NoticeState.DELIVERED,
        attempts=1,
        delivered_at=NOW - 36 * MIN,
        proof="<000@desk.example> 250 2.0.0 queued as 7F3A",
    )
    waiting = replace(
        first,
        key="1" * 24,
        to="Karim Benali",
        address="karim@example.org",
        attempts=3,
        next_at=NOW + 120,
        error="mail server mail.example:587: Connection refused",
    )
    return [delivered, waiting]


def hours() -> dict[tuple[str, Series], list[Hour]]:
    """Ten days of figures of the till server at Rouiba: two of its temperatures, its processor; a night is missing."""
    start = NOW // HOUR * HOUR - 10 * DAY

    def told(metric: str, instance: str, base: float, swing: float) -> tuple[tuple[str, Series], list[Hour]]:
        found = []
        for number in range(240):
            mean = base + swing * ((number * 7) % 24 - 12) / 12
            if not 60 <= number < 72:
                found.append(Hour(start + number * HOUR, mean - abs(swing) / 3, mean, mean + abs(swing) / 2))
        return ("rouiba", ("srv-1", metric, instance)), found

    return dict(
        (
            told("system.cpu.utilization", "", 0.4, 0.3),
            told("hw.temperature", "CPU 0", 54.0, 9.0),
            told("hw.temperature", "Châssis", 31.0, 3.0),
            told("system.network.io_rate.receive", "eth0", 2.5e6, 1.2e6),
            told("reach.duration", "", 0.004, 0.002),
        )
    )


REGISTER = """
[budget]
monthly = 520000
[[contract]]
id = "AT-2026-118"
name = "Serveurs et stockage"
model = "tpm"
provider = "Atlas Maintenance"
phone = "021 00 00 00"
hours = "dim-jeu 8h-17h"
escalation = "021 00 00 01"
firmware = "portail du constructeur"
ends_on = 2026-12-18
monthly = 142000
per_call = 9500
[[expense]]
on = 2026-11-18
item = "part"
amount = 187500.50
device = "rouiba/srv-1"
incident = "c0ffee000147"
what = "Carte mère"
[[duty]]
kind = "restore_drill"
what = "ERP"
every_days = 90
who = "Nadia Haddad"
how = "restaurer la dernière sauvegarde sur le serveur de test"
last_on = 2026-09-01
[[duty]]
kind = "spare_check"
what = "Alimentation 495 W"
family = "dell t150"
place = "Siège, armoire A"
count = 0
every_days = 90
last_on = 2026-11-02
[[firmware]]
family = "cisco *"
approved = ["3.1.0", "3.2.0.84"]
who = "Atlas Maintenance"
when = "premier vendredi du mois"
how = "après sauvegarde de la configuration"
"""


def fleet(*, waiting: bool = False) -> MemoryFleet:
    """The whole company; with ``waiting`` also a message that could not be sent."""
    return MemoryFleet(sites(), notifications() if waiting else notifications()[:1], transitions(), hours=hours())
