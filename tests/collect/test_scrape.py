"""Prometheus text: the format, what of two exporters is read, and pages from a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import FakeClock
from gateway.collect.exposition import Sample, parse
from gateway.collect.scrape import Scrape
from gateway.collect.scrape_values import Before, rules, understand
from gateway.collect.web_access import Pins, WebAccess
from gateway.core.device import Device
from gateway.core.reading import FailureKind
from gateway.core.units import METRICS

ACCESS = WebAccess({}, Pins(Path("/nonexistent/pins")))
NODE = """# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.
# TYPE node_cpu_seconds_total counter
node_cpu_seconds_total{cpu="0",mode="idle"} 1000
node_cpu_seconds_total{cpu="0",mode="user"} 100
node_boot_time_seconds 1.7e+09
node_time_seconds 1.7000864e+09
node_memory_MemAvailable_bytes 2.5e+08
node_memory_MemTotal_bytes 1e+09
node_memory_SwapFree_bytes 0
node_memory_SwapTotal_bytes 0
node_filesystem_avail_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"} 10
node_filesystem_size_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"} 100
node_filesystem_avail_bytes{device="tmpfs",fstype="tmpfs",mountpoint="/run"} 1
node_filesystem_size_bytes{device="tmpfs",fstype="tmpfs",mountpoint="/run"} 100
node_network_receive_bytes_total{device="eth0"} 6000
node_network_receive_bytes_total{device="lo"} 1
node_network_carrier{device="eth0"} 1
node_hwmon_temp_celsius{chip="platform_coretemp_0",sensor="temp1"} 48
"""
WINDOWS = """windows_logical_disk_free_bytes{volume="C:"} 25
windows_logical_disk_size_bytes{volume="C:"} 100
windows_logical_disk_free_bytes{volume="HarddiskVolume1"} 1
windows_logical_disk_size_bytes{volume="HarddiskVolume1"} 100
windows_memory_available_bytes 4e+09
windows_cs_physical_memory_bytes 1.6e+10
"""


def values(text: str, before: Before | None = None, now: float = 0.0) -> dict[str, float]:
    found = understand(parse(text), before or Before(), now)
    return {f"{one.metric} {one.instance}".strip(): one.value for one in found}


def test_a_linux_server_is_read() -> None:
    assert values(NODE) == {
        "system.memory.utilization": 0.75,
        "system.memory.limit": 1e9,
        "system.filesystem.utilization /": 0.9,
        "system.filesystem.limit /": 100,
        "system.uptime": 86_400,
        "hw.temperature platform_coretemp_0 temp1": 48,
        "hw.network.up eth0": 1,
    }


def test_counters_become_rates_and_processor_use_at_the_second_poll() -> None:
    before = Before()
    values(NODE, before, 100.0)
    later = NODE.replace('mode="idle"} 1000', 'mode="idle"} 1045').replace('mode="user"} 100', 'mode="user"} 115')
    found = values(later.replace('"eth0"} 6000', '"eth0"} 12000'), before, 160.0)
    assert found["system.cpu.utilization"] == 0.25
    assert found["system.network.io_rate.receive eth0"] == 100
    again = values(NODE, before, 220.0)
    assert "system.cpu.utilization" not in again, "the counters were set back: nothing is known"
    assert "system.network.io_rate.receive eth0" not in again


def test_a_windows_server_is_read() -> None:
    assert values(WINDOWS) == {
        "system.memory.utilization": 0.75,
        "system.filesystem.utilization C:": 0.75,
        "system.filesystem.limit C:": 100,
    }


def test_the_map_knows_only_the_vocabulary() -> None:
    assert {rule.metric for rule in rules()} <= METRICS.keys()
    assert all((bool(r.used_of) + bool(r.since_of) + bool(r.idle) + r.rate) <= 1 for r in rules())


@pytest.mark.parametrize(
    ("line", "sample"),
    [
        ("up 1", Sample("up", {}, 1.0)),
        ("up{} 1 1395066363000", Sample("up", {}, 1.0)),
        ('x{path="C:\\\\DIR\\\\F.TXT",error="no \\"file\\"\\n"} 1.5e9', Sample(
            "x", {"path": "C:\\DIR\\F.TXT", "error": 'no "file"\n'}, 1.5e9)),
        ('x{a="}, b=",} 3', Sample("x", {"a": "}, b="}, 3.0)),
    ],
)  # fmt: skip
def test_a_line_of_the_format_is_read(line: str, sample: Sample) -> None:
    assert list(parse(line)) == [sample]


def test_what_has_no_value_gives_none() -> None:
    assert list(parse("a NaN\nb +Inf\nc -Inf\n# a comment\n\n")) == []


@pytest.mark.parametrize("text", ["<html>", "x", 'x{a="b} 1', "x{a=b} 1", "x one", "1x 1"])
def test_what_is_no_sample_is_told_with_its_line(text: str) -> None:
    with pytest.raises(ValueError, match="line 2 is no sample"):
        list(parse(f"up 1\n{text}"))


@given(st.text())
def test_any_text_is_samples_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        understand(parse(text), Before(), 0.0)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.text(max_size=20), max_size=4), st.floats())
def test_labels_come_back_as_they_were(labels: dict[str, str], value: float) -> None:
    escaped = {key: text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for key, text in labels.items()}
    line = "x{" + ",".join(f'{key}="{text}"' for key, text in escaped.items()) + f"}} {value!r}"
    if value - value == 0:
        assert list(parse(line)) == [Sample("x", labels, value)]


class Exporter(BaseHTTPRequestHandler):
    """Answers /metrics with what the server holds."""

    def do_GET(self) -> None:
        text = self.server.page.encode()  # type: ignore[attr-defined]
        self.send_response(200 if text else 403)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def exporter() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("page", "kind", "says"),
    [
        ("", FailureKind.UNAUTHORISED, "403"),
        ("<html>a camera</html>", FailureKind.GARBLED, "not Prometheus text"),
        ("go_goroutines 8\n", FailureKind.GARBLED, "neither node_exporter"),
    ],
)
async def test_a_page_that_is_no_exporters_is_a_named_failure(
    exporter: ThreadingHTTPServer, page: str, kind: FailureKind, says: str
) -> None:
    exporter.page = page  # type: ignore[attr-defined]
    device = Device("srv-1", "Server", address="127.0.0.1", ports={"scrape": exporter.server_port})
    poll = await Scrape(FakeClock(), ACCESS).poll(device)
    assert poll.failure is not None
    assert (poll.failure.kind, poll.readings) == (kind, ())
    assert says in poll.failure.detail


async def test_an_exporter_is_read_over_http(exporter: ThreadingHTTPServer) -> None:
    exporter.page = NODE  # type: ignore[attr-defined]
    device = Device("srv-1", "Server", address="127.0.0.1", ports={"scrape": exporter.server_port})
    poll = await Scrape(FakeClock(), ACCESS).poll(device)
    assert poll.failure is None, poll.failure
    (memory,) = [one for one in poll.readings if one.metric == "system.memory.utilization"]
    assert (memory.value, memory.source) == (0.75, "node_memory_MemAvailable_bytes")
