"""The files of one demo: `site.toml`, `inventory.toml`, `desk.toml` and the secrets they refer to."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from gateway.core.device import GATEWAY
from gateway.main.desk import SIGNING_KEY
from gateway.main.rig.broker import BrokerPlan
from gateway.main.rig.certificates import Pair
from gateway.signing import read_signing_key
from gateway.simulate.agents import Login
from gateway.simulate.depot import Access, Places
from gateway.simulate.scenario import Scenario, SimulatedDevice

HOST = "127.0.0.1"
V2C, V3 = "lecture", "chiffre"
"""Names of the two credentials in site.toml."""

OWNER = "responsable@exemple.dz"


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports of the demo on the loopback."""

    site: int
    desk: int
    broker: int
    mail: int


@dataclass(frozen=True, slots=True)
class Uplink:
    """The broker and the two clients' certificates; None where the broker or openssl is missing."""

    broker: BrokerPlan
    site: Pair | None
    desk: Pair | None


def find_ports(wanted: int) -> tuple[Ports, list[str]]:
    """``wanted`` for the depot's page, the next two for headquarters and the broker, or the next free ones; and one
    line for every port that is not the one wished for."""
    taken: list[str] = []
    chosen: list[int] = []
    for name, first in (("depot page", wanted), ("headquarters page", wanted + 1), ("broker", wanted + 2)):
        port = next((port for port in range(first, 65536) if port not in chosen and is_free(port)), None) or free_port()
        if port != first:
            taken.append(f"port {first} is taken: the {name} uses {port}")
        chosen.append(port)
    return Ports(chosen[0], chosen[1], chosen[2], free_port()), taken


def is_free(port: int, host: str = HOST) -> bool:
    """True if a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port(host: str = HOST) -> int:
    """Any free TCP port."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def make_access() -> Access:
    """Fresh secrets for the simulated agents."""
    return Access(secrets.token_hex(8), Login("vigie", secrets.token_hex(12), secrets.token_hex(12)))


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything the files are written from. ``poll_s`` is how often the agent asks each device."""

    folder: Path
    scenario: Scenario
    places: Places
    access: Access
    ports: Ports
    uplink: Uplink | None
    poll_s: float = 5.0

    def write(self) -> None:
        """Writes all files, readable for this user only."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._secret("community", self.access.community)
        self._secret("auth", self.access.login.auth)
        self._secret("priv", self.access.login.priv)
        for name, document in (
            ("site.toml", self.site()),
            ("inventory.toml", self.inventory()),
            ("desk.toml", self.desk()),
            ("register.toml", self.register()),
        ):
            (self.folder / name).write_text(to_toml(document), encoding="utf-8")

    def site(self) -> dict[str, Any]:
        """`site.toml`."""
        document: dict[str, Any] = {
            "site": dict(self.scenario.site),
            **self.scenario.tables,
            "data": {"path": "site-data", "runtime": "site-data", "commit": "10s"},
            "inventory": {"path": "inventory.toml"},
            "poll": {"every": f"{self.poll_s:g}s", "timeout": "1s", "retries": 1, "deadline": "4s"},
            "page": {"host": HOST, "port": self.ports.site},
            "networks": {"ranges": [f"{HOST}/32"]},  # whoever tries the demo does not want their own network swept
            "contact": {"name": "Informatique", "phone": "+213 21 55 01 10"},
            "credentials": {
                V2C: {"version": "2c", "community": {"file": "secrets/community"}},
                V3: {
                    "version": "3",
                    "user": self.access.login.user,
                    "auth_protocol": "SHA256",
                    "auth": {"file": "secrets/auth"},
                    "priv_protocol": "AES",
                    "priv": {"file": "secrets/priv"},
                },
            },
        }
        if self.uplink is not None:
            # as `vigie desk --show-key` would tell: the demo's headquarters finds its key already there
            folder = self.folder / "desk-data"
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            key = read_signing_key(folder / SIGNING_KEY).public
            connection = _connection(self.uplink, self.uplink.site)
            document["uplink"] = {**connection, "summary_every": "30s", "desk_key": key}
        return document

    def inventory(self) -> dict[str, Any]:
        """`inventory.toml`: the scenario's tables, each with where the simulated machine listens."""
        services = []
        for service in self.scenario.services:
            at = self.places.services[service.id]
            check = {"type": "http", "url": f"http://{at.host}:{at.port}/", "timeout": "2s"}
            services.append({**service.inventory, "check": check})
        # The box looks at itself once a minute, as in a real depot: its check of the clock counts readings, and many a
        # machine that runs the demo has a clock that no time service keeps.
        box = {"id": GATEWAY, "name": "Boîtier Vigie", "kind": "gateway", "criticality": "important", "every": "60s"}
        return {
            "device": [box, *({**device.inventory, **self._asked(device)} for device in self.scenario.devices)],
            "service": services,
        }

    def desk(self) -> dict[str, Any]:
        """`desk.toml`."""
        document: dict[str, Any] = {
            "desk": {
                "organisation": self.scenario.site["organisation"],
                "name": "Siège",
                "register": "register.toml",
            },
            "data": {"path": "desk-data"},
            "page": {"host": HOST, "port": self.ports.desk},
            "mail": {"host": HOST, "port": self.ports.mail, "sender": "vigie@exemple.dz", "security": "none"},
            "recipient": [{"name": "Responsable", "channel": "mail", "address": OWNER, "language": "fr"}],
        }
        if self.uplink is not None:
            document["broker"] = _connection(self.uplink, self.uplink.desk)
        return document

    def register(self) -> dict[str, Any]:
        """`register.toml`: an invented contract and two duties, so that costs and upkeep show something."""
        covers = [f"{self.scenario.site['id']}/{device.id}" for device in self.scenario.devices]
        contract = {"id": "TM-2026-07", "name": "Tierce maintenance", "provider": "Atlas Maintenance (exemple)"}
        contract |= {"phone": "+213 21 55 01 10", "hours": "dimanche-jeudi 8 h-17 h"}
        prices = {"monthly": 45000, "per_call": 6000, "sharing": "criticality"}
        return {
            "budget": {"monthly": 60000},
            "contract": [{**contract, **prices, "covers": covers}],
            "duty": [
                {"kind": "restore_drill", "what": "Restaurer la base de la caisse", "every_days": 90},
                {"kind": "battery_test", "what": "Batterie de l'onduleur", "every_days": 180},
            ],
        }

    def _asked(self, device: SimulatedDevice) -> dict[str, Any]:
        """How the agent reaches one simulated machine."""
        at = self.places.devices.get(device.id)
        if at is None:
            return {"collect": []}
        if at == self.places.nut:
            return {"address": at.host, "collect": ["nut"], "ports": {"nut": at.port}}
        credential = V3 if device.sim.agent == "v3" else V2C
        return {"address": at.host, "collect": ["snmp"], "ports": {"snmp": at.port}, "credential": credential}

    def _secret(self, name: str, value: str) -> None:
        folder = self.folder / "secrets"
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / name).write_text(value, encoding="utf-8")
        (folder / name).chmod(0o600)


def _connection(uplink: Uplink, pair: Pair | None) -> dict[str, Any]:
    connection: dict[str, Any] = {"url": uplink.broker.url}
    if pair is not None and uplink.broker.tls is not None:
        connection |= {"ca": str(uplink.broker.tls.authority), "cert": str(pair.cert), "key": str(pair.key)}
    return connection


def to_toml(document: Mapping[str, Any]) -> str:
    """A document as TOML: values stand before sub-tables, so that every key lands where it belongs."""
    return "\n".join(_lines(document, ())) + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    plain = {key: value for key, value in table.items() if not _is_table(value) and not _is_tables(value)}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    for key, value in table.items():
        name = ".".join(map(_key, (*path, key)))
        if _is_table(value):
            lines += ["", f"[{name}]", *_lines(value, (*path, key))]
        elif _is_tables(value):
            for member in value:
                lines += ["", f"[[{name}]]", *(f"{_key(k)} = {_value(v)}" for k, v in member.items())]
    return lines


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_tables(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and bool(value) and all(map(_is_table, value))


def _key(key: str) -> str:
    return key if key and all(c.isascii() and (c.isalnum() or c in "-_") for c in key) else json.dumps(key)


def _value(value: Any) -> str:
    """A value in one line. JSON's strings, numbers and booleans are TOML's too."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(member)}" for key, member in value.items()) + " }"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
