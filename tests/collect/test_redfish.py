"""Redfish: what its documents mean, and a service over real HTTPS with a pinned certificate."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import FakeClock
from gateway.collect import redfish_values
from gateway.collect.redfish import Redfish
from gateway.collect.web_access import HttpLogin, Pins, WebAccess
from gateway.core.device import Device, Kind
from gateway.core.reading import FailureKind, Poll, Severity

OK = {"State": "Enabled", "Health": "OK"}


def to(path: str) -> dict[str, str]:
    return {"@odata.id": path}


SERVICE: dict[str, Any] = {
    "/redfish/v1/Systems": {"Members": [to("/redfish/v1/Systems/1")]},
    "/redfish/v1/Systems/1": {
        "Manufacturer": "ACME",
        "Model": "R1",
        "SerialNumber": "S1",
        "BiosVersion": "2.1",
        "HostName": "erp",
        "Status": {"State": "Enabled", "Health": "OK", "HealthRollup": "Critical"},
        "MemorySummary": {"Status": {"State": "Enabled", "HealthRollup": "OK"}},
        "ProcessorSummary": {"Status": {"State": "Absent"}},
        "Storage": to("/redfish/v1/Systems/1/Storage"),
    },
    "/redfish/v1/Systems/1/Storage": {"Members": [to("/redfish/v1/Systems/1/Storage/R")]},
    "/redfish/v1/Systems/1/Storage/R": {"Drives": [to("/d/0"), to("/d/1")], "Volumes": to("/v")},
    "/d/0": {"Name": "Disk 0", "Status": OK, "FailurePredicted": False, "PredictedMediaLifeLeftPercent": 80},
    "/d/1": {"Name": "Disk 1", "Status": {"State": "Enabled", "Health": "Critical"}, "FailurePredicted": True},
    "/v": {"Members": [to("/v/0")]},
    "/v/0": {"Name": "VD0", "Status": {"State": "Enabled", "Health": "Warning"}},
    "/redfish/v1/Chassis": {"Members": [to("/c")]},
    "/c": {"Thermal": to("/c/Thermal"), "Power": to("/c/Power")},
    "/c/Thermal": {
        "Temperatures": [
            {"Name": "Inlet", "ReadingCelsius": 24, "Status": OK},
            {"Name": "CPU2", "ReadingCelsius": None, "Status": {"State": "Absent"}},
        ],
        "Fans": [
            {"Name": "Fan 1", "Reading": 40, "ReadingUnits": "Percent", "Status": OK},
            {"Name": "Fan 2", "Reading": 5400, "ReadingUnits": "RPM", "Status": OK},
        ],
    },
    "/c/Power": {
        "PowerSupplies": [
            {"Name": "PSU", "Status": OK},
            {"Name": "PSU", "Status": {"State": "Enabled", "Health": "Critical"}},
            {"Name": "PSU 3", "Status": {"State": "Absent", "Health": "OK"}},
        ],
        "PowerControl": [{"Name": "System", "PowerConsumedWatts": 212}],
    },
}
EXPECTED = {
    ("hw.status", "system"): "ok",
    ("hw.status", "all parts"): "critical",
    ("hw.status", "memory"): "ok",
    ("hw.status", "disk Disk 0"): "ok",
    ("hw.physical_disk.status", "Disk 0"): "passed",
    ("hw.physical_disk.endurance_utilization", "Disk 0"): pytest.approx(0.2),
    ("hw.status", "disk Disk 1"): "critical",
    ("hw.physical_disk.status", "Disk 1"): "failed",
    ("hw.status", "volume VD0"): "warning",
    ("hw.temperature", "Inlet"): 24.0,
    ("hw.status", "temperature Inlet"): "ok",
    ("hw.fan.speed_ratio", "Fan 1"): 0.4,
    ("hw.status", "fan Fan 1"): "ok",
    ("hw.fan.speed", "Fan 2"): 5400.0,
    ("hw.status", "fan Fan 2"): "ok",
    ("hw.status", "power supply PSU"): "ok",
    ("hw.status", "power supply PSU#2"): "critical",
    ("hw.power", "System"): 212.0,
}


# As the schema bundle of DSP8010 has them: ThermalSubsystem 1.x, ThermalMetrics 1.x, Fan 1.x, PowerSubsystem 1.x,
# PowerSupply 1.x, EnvironmentMetrics 1.x.
CHASSIS = "/redfish/v1/Chassis/1U"
SUBSYSTEMS: dict[str, Any] = {
    CHASSIS: {
        "@odata.type": "#Chassis.v1_25_0.Chassis",
        "ThermalSubsystem": to(f"{CHASSIS}/ThermalSubsystem"),
        "PowerSubsystem": to(f"{CHASSIS}/PowerSubsystem"),
        "EnvironmentMetrics": to(f"{CHASSIS}/EnvironmentMetrics"),
    },
    f"{CHASSIS}/ThermalSubsystem": {
        "@odata.type": "#ThermalSubsystem.v1_3_0.ThermalSubsystem",
        "FanRedundancy": [
            {
                "RedundancyType": "NPlusM",
                "MinNeededInGroup": 1,
                "RedundancyGroup": [to(f"{CHASSIS}/ThermalSubsystem/Fans/1"), to(f"{CHASSIS}/ThermalSubsystem/Fans/2")],
                "Status": {"State": "Enabled", "Health": "Warning"},
            }
        ],
        "Fans": to(f"{CHASSIS}/ThermalSubsystem/Fans"),
        "ThermalMetrics": to(f"{CHASSIS}/ThermalSubsystem/ThermalMetrics"),
        "Status": OK,
    },
    f"{CHASSIS}/ThermalSubsystem/Fans": {
        "Members": [to(f"{CHASSIS}/ThermalSubsystem/Fans/{number}") for number in (1, 2, 3)]
    },
    f"{CHASSIS}/ThermalSubsystem/Fans/1": {
        "Name": "Bay 1",
        "Status": OK,
        "SpeedPercent": {"DataSourceUri": "/s/1", "Reading": 45, "SpeedRPM": 2200},
    },
    f"{CHASSIS}/ThermalSubsystem/Fans/2": {
        "Name": "Bay 2",
        "Status": {"State": "Enabled", "Health": "Critical"},
        "SpeedPercent": {"Reading": 0},
    },
    f"{CHASSIS}/ThermalSubsystem/Fans/3": {"Name": "Bay 3", "Status": {"State": "Absent"}},
    f"{CHASSIS}/ThermalSubsystem/ThermalMetrics": {
        "TemperatureSummaryCelsius": {"Intake": {"Reading": 24.8}, "Internal": {"Reading": 36}},
        "TemperatureReadingsCelsius": [
            {"Reading": 24.8, "DeviceName": "Front", "PhysicalContext": "Intake", "DataSourceUri": "/s/IntakeTemp"},
            {"Reading": 51, "DeviceName": "CPU1"},
            {"Reading": 40.5, "DataSourceUri": "/redfish/v1/Chassis/1U/Sensors/DIMM2Temp"},
            {"Reading": None, "DeviceName": "CPU2"},
        ],
    },
    f"{CHASSIS}/PowerSubsystem": {
        "CapacityWatts": 2000,
        "PowerSupplies": to(f"{CHASSIS}/PowerSubsystem/PowerSupplies"),
        "PowerSupplyRedundancy": [{"RedundancyType": "Failover", "Status": {"State": "Enabled", "Health": "Critical"}}],
    },
    f"{CHASSIS}/PowerSubsystem/PowerSupplies": {
        "Members": [to(f"{CHASSIS}/PowerSubsystem/PowerSupplies/{number}") for number in (1, 2)]
    },
    f"{CHASSIS}/PowerSubsystem/PowerSupplies/1": {"Name": "Bay 1", "Status": OK, "LineInputStatus": "Normal"},
    f"{CHASSIS}/PowerSubsystem/PowerSupplies/2": {
        "Name": "Bay 2",
        "Status": {"State": "UnavailableOffline", "Health": "Critical"},
        "LineInputStatus": "LossOfInput",
    },
    f"{CHASSIS}/EnvironmentMetrics": {"PowerWatts": {"DataSourceUri": "/s/Total", "Reading": 374}},
}
NEWER = {
    ("hw.status", "fan redundancy"): "warning",
    ("hw.fan.speed_ratio", "Bay 1"): pytest.approx(0.45),
    ("hw.fan.speed", "Bay 1"): 2200.0,
    ("hw.status", "fan Bay 1"): "ok",
    ("hw.fan.speed_ratio", "Bay 2"): 0.0,
    ("hw.status", "fan Bay 2"): "critical",
    ("hw.temperature", "Front inlet"): 24.8,
    ("hw.temperature", "CPU1"): 51.0,
    ("hw.temperature", "DIMM2Temp"): 40.5,
    ("hw.status", "power supply redundancy"): "critical",
    ("hw.status", "power supply Bay 1"): "ok",
    ("hw.status", "power supply Bay 2"): "critical",
    ("hw.power", "chassis"): 374.0,
}
OLDER_PARTS = ("hw.temperature", "hw.fan.speed", "hw.fan.speed_ratio", "hw.power")


class Pair(Protocol):
    cert: Path
    key: Path


class Issuer(Protocol):
    def issue(self, name: str) -> Pair: ...


class Board:
    """A management board over HTTPS; ``documents`` may be changed while it runs."""

    def __init__(self, pair: Pair, port: int = 0) -> None:
        self.documents = dict(SERVICE)
        self.asked: list[str] = []
        board = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                board.asked.append(self.path)
                if self.headers.get("Authorization") != "Basic cmVhZGVyOnNlY3JldA==":
                    self.send_error(401)
                elif self.path not in board.documents:
                    self.send_error(404)
                else:
                    body = json.dumps(board.documents[self.path]).encode()
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.cert, pair.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def board(authority: Issuer) -> Iterator[Board]:
    running = Board(authority.issue("board"))
    yield running
    running.close()


def collector(folder: Path, clock: FakeClock | None = None, word: str = "secret") -> Redfish:
    logins = {"it": lambda: HttpLogin("reader", word)}
    return Redfish(clock or FakeClock(), WebAccess(logins, Pins(folder / "pins")))


def device(board: Board) -> Device:
    return Device("bmc-1", "Board", Kind.BMC, "127.0.0.1", ports={"redfish": board.port}, access={"http": "it"})


def told(poll: Poll) -> dict[tuple[str, str], float | str]:
    assert poll.failure is None, poll.failure
    return {(one.metric, one.instance): one.value for one in poll.readings}


async def test_a_server_is_read_by_its_board(board: Board, tmp_path: Path) -> None:
    poll = await collector(tmp_path).poll(device(board))
    assert told(poll) == EXPECTED
    assert poll.partial == ()
    assert (poll.identity.vendor, poll.identity.serial, poll.identity.firmware) == ("ACME", "S1", "2.1")
    severities = {one.instance: one.severity for one in poll.readings if one.metric == "hw.status"}
    assert severities["volume VD0"] is Severity.WARNING


def newer(board: Board, **chassis: Any) -> None:
    """Makes the board one whose chassis has subsystems instead of Thermal and Power."""
    board.documents = {**SERVICE, **SUBSYSTEMS, "/redfish/v1/Chassis": {"Members": [to(CHASSIS)]}}
    board.documents[CHASSIS] = {**SUBSYSTEMS[CHASSIS], **chassis}


async def test_temperatures_fans_and_supplies_are_read_from_the_newer_subsystems(board: Board, tmp_path: Path) -> None:
    newer(board)
    poll = await collector(tmp_path).poll(device(board))
    parts = ("fan", "power supply", "temperature")
    found = {
        key: value
        for key, value in told(poll).items()
        if key[0] in OLDER_PARTS or (key[0] == "hw.status" and key[1].startswith(parts))
    }
    assert found == NEWER
    assert poll.partial == ()


async def test_where_a_board_has_both_forms_nothing_is_told_twice(board: Board, tmp_path: Path) -> None:
    newer(board, Thermal=to("/c/Thermal"), Power=to("/c/Power"))
    assert told(await collector(tmp_path).poll(device(board))) == EXPECTED
    assert not [path for path in board.asked if "Subsystem" in path], "one question instead of one a fan"


async def test_an_older_form_that_says_nothing_leaves_the_word_to_the_newer(board: Board, tmp_path: Path) -> None:
    newer(board, Thermal=to("/empty"), Power=to("/gone"))
    board.documents["/empty"] = {"Temperatures": [], "Fans": []}
    poll = await collector(tmp_path).poll(device(board))
    assert NEWER.items() <= told(poll).items()
    assert [failure.what.rpartition("/")[2] for failure in poll.partial] == ["gone"]


async def test_a_summary_is_read_where_no_sensor_is_listed(board: Board, tmp_path: Path) -> None:
    newer(board)
    board.documents[f"{CHASSIS}/ThermalSubsystem/ThermalMetrics"] = {
        "TemperatureSummaryCelsius": {"Intake": {"Reading": 23}, "Exhaust": {"Reading": 38.5}, "Internal": None}
    }
    found = told(await collector(tmp_path).poll(device(board)))
    temperatures = {name: value for (metric, name), value in found.items() if metric == "hw.temperature"}
    assert temperatures == {"Inlet": 23.0, "Exhaust": 38.5}


async def test_it_is_asked_every_five_minutes_at_most(board: Board, tmp_path: Path) -> None:
    clock = FakeClock()
    asking = collector(tmp_path, clock)
    first = await asking.poll(device(board))
    asked = len(board.asked)
    clock.advance(60)
    second = await asking.poll(device(board))
    assert (told(second), len(board.asked)) == (told(first), asked)
    clock.advance(300)
    await asking.poll(device(board))
    assert len(board.asked) == 2 * asked


async def test_the_password_goes_only_to_the_board_of_the_first_contact(
    board: Board, tmp_path: Path, authority: Issuer
) -> None:
    told(await collector(tmp_path).poll(device(board)))
    pinned = (tmp_path / "pins").read_text()
    assert pinned.startswith("bmc-1 ")
    board.close()
    other = Board(authority.issue("impostor"), board.port)
    try:
        poll = await collector(tmp_path).poll(device(other))
    finally:
        other.close()
    assert poll.failure is not None
    assert poll.failure.kind is FailureKind.UNAUTHORISED
    assert "first contact" in poll.failure.detail
    assert other.asked == []
    assert (tmp_path / "pins").read_text() == pinned


async def test_a_wrong_password_is_told(board: Board, tmp_path: Path) -> None:
    poll = await collector(tmp_path, word="wrong").poll(device(board))
    assert poll.failure is not None
    assert poll.failure.kind is FailureKind.UNAUTHORISED


async def test_a_part_that_is_missing_is_told_beside_the_rest(board: Board, tmp_path: Path) -> None:
    del board.documents["/c/Thermal"]
    poll = await collector(tmp_path).poll(device(board))
    assert ("hw.status", "power supply PSU") in told(poll)
    assert [failure.what.rpartition(":")[2].partition("/")[2] for failure in poll.partial] == ["c/Thermal"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
KEYS = st.sampled_from(
    [
        "Status",
        "Temperatures",
        "Fans",
        "PowerSupplies",
        "PowerControl",
        "Name",
        "Members",
        "Drives",
        "SpeedPercent",
        "TemperatureReadingsCelsius",
        "TemperatureSummaryCelsius",
        "FanRedundancy",
        "PowerWatts",
    ]
)


@given(st.dictionaries(KEYS, JSON))
def test_any_document_is_values_or_nothing(document: dict[str, Any]) -> None:
    for understand in (
        redfish_values.system,
        redfish_values.thermal,
        redfish_values.power,
        redfish_values.drive,
        redfish_values.fan,
        redfish_values.thermal_metrics,
        redfish_values.thermal_subsystem,
        redfish_values.power_subsystem,
        redfish_values.power_supply,
        redfish_values.environment,
    ):
        list(understand(document, "/x"))
    redfish_values.links(document, "Members")
    redfish_values.identity(document)
