"""Whatever bytes come back from a device, a collector's understanding ends with an answer or a named failure."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import FakeClock
from gateway.collect.asking import NoAnswerError
from gateway.collect.dns import addresses_of, question
from gateway.collect.http import Page, judge, onward, parse
from gateway.collect.nut import identify, understand
from gateway.collect.smart import FakeDisks, Smart
from gateway.collect.tls import not_after
from gateway.core.device import gateway_device
from gateway.core.units import METRICS

LINES = st.lists(st.binary(max_size=40), max_size=6).map(b"\r\n".join)
HTTP = st.tuples(
    st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 999\r\n", b"HTTP/1.1 302 Found\r\nLocation: "]),
    st.sampled_from(
        [b"", b"Transfer-Encoding: chunked\r\n\r\n", b"Content-Length: 5\r\n\r\n", b"Content-Type: a; charset="]
    ),
    LINES,
).map(b"".join)


@given(HTTP)
def test_any_bytes_are_a_page_or_a_named_failure(raw: bytes) -> None:
    with suppress(NoAnswerError):
        page = parse(raw, "erp")
        assert isinstance(page, Page)
        assert isinstance(page.text, str)
        judge("erp", page, "x")
        onward("http://erp.example/", page)


@given(st.text())
def test_any_redirect_stays_on_the_host_or_ends_there(location: str) -> None:
    to = onward("http://erp.example:8080/a", Page(302, location, ""))
    assert to == "" or to.lower().startswith(("http://erp.example", "https://erp.example"))


@given(
    st.one_of(
        st.binary(max_size=80),
        st.binary(max_size=60).map(lambda tail: question(7, "a.example")[:2] + b"\x81\x80" + tail),
    )
)
def test_any_datagram_is_addresses_or_a_named_failure(packet: bytes) -> None:
    with suppress(NoAnswerError):
        assert isinstance(addresses_of(packet, "dns"), tuple)


@given(st.binary(max_size=120), st.lists(st.sampled_from([b"0\x82", b"0\x30", b"\xa0\x03", b"\x17\x0d"]), max_size=6))
def test_any_bytes_are_a_certificate_or_none(tail: bytes, heads: list[bytes]) -> None:
    found = not_after(b"".join(heads) + tail)
    assert found is None or isinstance(found, float)


@given(st.dictionaries(st.sampled_from(sorted(METRICS)) | st.text(max_size=20), st.text(max_size=20)))
def test_any_variables_of_a_ups_are_readings_of_the_vocabulary(variables: dict[str, str]) -> None:
    assert all(reading.metric in METRICS for reading in understand(variables, "ups", 0))
    assert identify(variables).kind == "ups"


KEYS = st.sampled_from(
    [
        *("smartctl", "messages", "string", "severity", "devices", "name", "type", "smart_status", "passed", "raw"),
        *("ata_smart_attributes", "table", "id", "value", "nvme_smart_health_information_log", "percentage_used"),
        *("temperature", "current", "user_capacity", "bytes", "power_on_time", "hours", "rotation_rate"),
        *("ata_smart_data", "self_test", "status", "scsi_error_counter_log", "read", "total_uncorrected_errors"),
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 300)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=15,
)


@given(VALUES, st.sampled_from([0, 1, 2, 4, 64, 124]))
async def test_any_json_of_smartctl_is_readings_or_a_named_failure(answer: Any, status: int) -> None:
    scan = json.dumps({"devices": [{"name": "/dev/sda", "type": "sat"}]})
    one = ("--all", "--nocheck=standby", "--device=sat", "/dev/sda")
    poll = await Smart(FakeClock(), FakeDisks({("--scan",): (scan, 0), one: (json.dumps(answer), status)})).poll(
        gateway_device()
    )
    assert poll.readings or poll.failure or poll.answered
    scanned = await Smart(FakeClock(), FakeDisks({("--scan",): (json.dumps(answer), status)})).poll(gateway_device())
    assert scanned.failure is None or scanned.failure.detail
