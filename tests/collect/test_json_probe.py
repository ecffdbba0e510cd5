"""The JSON probe: mappings as people write them, any document, and a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import FakeClock
from gateway.collect.json_probe import JsonProbe
from gateway.collect.web_access import Pins, WebAccess
from gateway.core.device import Device
from gateway.core.errors import InputError
from gateway.core.json_probe import Rule, understand
from gateway.core.reading import FailureKind
from gateway.store.inventory import parse_toml

ACCESS = WebAccess({}, Pins(Path("/nonexistent/pins")))
PAGE = '{"battery": {"soc": "87.5"}, "pv": [{"watts": 12340}], "on": true, "mode": "grid", "none": null}'
MAPPINGS = (
    "battery.charge=battery.soc",
    "hw.power[solar]=pv.0.watts*0.1",
    "hw.network.up[grid]=on",
    "hw.status[mode]=mode",
)


def test_a_mapping_reads_as_it_is_written() -> None:
    assert Rule.parse("hw.power[solar]=pv.0.watts*-0.1") == Rule("hw.power", "solar", ("pv", "0", "watts"), -0.1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("battery.charge", "no mapping"),
        ("battery.charge=", "no mapping"),
        ("battery.chrge=soc", "no metric"),
        ("battery.charge=a..b", "empty part"),
        ("battery.charge=a*b", "no mapping"),
        ("battery.charge=a b", "no mapping"),
    ],
)
def test_a_mapping_that_is_none_is_told(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Rule.parse(text)


def test_the_inventory_refuses_a_wrong_mapping_with_its_line() -> None:
    with pytest.raises(InputError) as refused:
        parse_toml('[[device]]\nid = "a"\njson = ["/state", "battery.chrge=soc"]\n', "inventory.toml")
    (fault,) = refused.value.faults
    assert (fault.line, "battery.chrge" in fault.what) == (3, True)
    with pytest.raises(InputError, match="path"):
        parse_toml('[[device]]\nid = "a"\njson = ["battery.charge=soc"]\n', "inventory.toml")


DOCUMENTS: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "0", "b"]), inner),
)
PATHS = st.lists(st.sampled_from(["a", "0", "b", "7"]), min_size=1, max_size=4)


@given(DOCUMENTS, PATHS, st.sampled_from(["battery.charge", "hw.status"]))
def test_any_document_gives_a_value_or_a_reason(document: Any, path: list[str], metric: str) -> None:
    (found,) = understand(document, [Rule(metric, "", tuple(path))])
    assert (found.value is None) == bool(found.why)
    assert found.value is None or isinstance(found.value, str) == (metric == "hw.status")


class Inverter(BaseHTTPRequestHandler):
    """Answers with what the server holds."""

    def do_GET(self) -> None:
        known = self.path == "/api/state"
        self.send_response(200 if known else 404)
        self.end_headers()
        self.wfile.write(self.server.page.encode() if known else b"")  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def inverter() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Inverter)
    server.page = PAGE  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def device(server: ThreadingHTTPServer, *mappings: str, path: str = "/api/state") -> Device:
    ports = {"json": server.server_port}
    return Device("inv-1", "Inverter", address="127.0.0.1", ports=ports, json=(path, *mappings))


async def test_an_inverter_is_read(inverter: ThreadingHTTPServer) -> None:
    poll = await JsonProbe(FakeClock(), ACCESS).poll(device(inverter, *MAPPINGS))
    assert poll.failure is None, poll.failure
    told = {(one.metric, one.instance): one.value for one in poll.readings}
    assert told == {
        ("battery.charge", ""): 87.5,
        ("hw.power", "solar"): 1234.0,
        ("hw.network.up", "grid"): 1.0,
        ("hw.status", "mode"): "grid",
    }


async def test_a_value_that_is_gone_is_told_beside_the_others(inverter: ThreadingHTTPServer) -> None:
    poll = await JsonProbe(FakeClock(), ACCESS).poll(device(inverter, MAPPINGS[0], "hw.power=none", "hw.voltage=mode"))
    assert [one.metric for one in poll.readings] == ["battery.charge"]
    assert [failure.detail for failure in poll.partial] == ["there is nothing at none", "mode is no number"]


@pytest.mark.parametrize(
    ("page", "path", "kind"),
    [
        ("<html>", "/api/state", FailureKind.GARBLED),
        ("[" * 100_000, "/api/state", FailureKind.GARBLED),
        (PAGE, "/other", FailureKind.REFUSED),
    ],
    ids=["html", "deep", "404"],
)
async def test_what_is_no_answer_is_a_named_failure(
    inverter: ThreadingHTTPServer, page: str, path: str, kind: FailureKind
) -> None:
    inverter.page = page  # type: ignore[attr-defined]
    poll = await JsonProbe(FakeClock(), ACCESS).poll(device(inverter, *MAPPINGS, path=path))
    assert poll.failure is not None
    assert (poll.failure.kind, poll.readings) == (kind, ())
