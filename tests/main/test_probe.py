"""`vigie probe`, `vigie profiles` and `vigie record` as people and scripts see them."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.core.errors import InputError, VigieError
from gateway.main.cli import cli
from gateway.profiles.recording import parse
from gateway.simulate.agents import Endpoint, serve_v2c
from gateway.simulate.mib import View

RECORDINGS = Path(__file__).parents[1] / "recordings"


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as spare:
        spare.bind(("127.0.0.1", 0))
        port: int = spare.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """An agent on a thread of its own: the command under test has a loop of its own."""
    chosen = free_port()
    shown = View(parse((RECORDINGS / "ups-apc.rec").read_text(encoding="utf-8")))
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def serve() -> None:
        await serve_v2c(Endpoint("127.0.0.1", chosen), lambda: shown, "lookout")
        ready.set()

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(serve(), loop)
    assert ready.wait(10)
    yield chosen
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


def vigie(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), standalone_mode=False)


def test_probe_tells_a_device_as_json(port: int) -> None:
    done = vigie("probe", "127.0.0.1", "--port", str(port), "--community", "lookout", "--json")
    told = json.loads(done.stdout)
    assert done.return_value == 0
    assert (told["address"], told["answered"], told["failures"]) == ("127.0.0.1", True, [])
    assert told["device"]["profile"] == "ups-apc"
    assert told["device"]["kind"] == "ups"
    assert told["requests"] > 0
    assert told["elapsed_s"] >= 0
    charge = next(reading for reading in told["readings"] if reading["metric"] == "battery.charge")
    assert charge == {
        "metric": "battery.charge",
        "instance": "",
        "label": "",
        "value": 97.4,
        "unit": "percent",
        "source": "1.3.6.1.4.1.318.1.1.1.2.3.1.0",
        "severity": None,
    }
    status = next(reading for reading in told["readings"] if reading["metric"] == "ups.status")
    assert (status["value"], status["severity"]) == ("OL BOOST RB", "warning")


def test_probe_tells_a_device_to_people(port: int) -> None:
    done = vigie("probe", "127.0.0.1", "--port", str(port), "-c", "lookout")
    assert done.return_value == 0
    assert "127.0.0.1: ups, APC Smart-UPS Example 1500" in done.stdout
    assert any("battery.charge" in line and "97.4 percent" in line for line in done.stdout.splitlines())


@pytest.mark.parametrize(("community", "kind"), [("wrong", "timeout"), ("lookout", "refused")])
def test_probe_of_what_does_not_answer_ends_with_1_and_says_what_to_try(port: int, community: str, kind: str) -> None:
    where = str(port if kind == "timeout" else free_port())
    told = vigie("probe", "127.0.0.1", "--port", where, "-c", community, "--json")
    document = json.loads(told.stdout)
    assert told.return_value == 1
    assert (document["answered"], document["device"], document["readings"]) == (False, None, [])
    assert [failure["kind"] for failure in document["failures"]] == [kind]
    people = vigie("probe", "127.0.0.1", "--port", where, "-c", community)
    assert people.return_value == 1
    assert len(people.stdout.strip().splitlines()) == 2


@pytest.mark.parametrize("given", ["user:short:", ":longpassword:longpassword", "u:longpassword:longpassword:SHA9"])
def test_a_credential_that_cannot_work_is_refused_before_anything_is_sent(given: str) -> None:
    done = vigie("probe", "127.0.0.1", "--v3", given)
    assert isinstance(done.exception, VigieError)
    assert "\n" not in str(done.exception)


def test_profiles_are_listed() -> None:
    listed = json.loads(vigie("profiles", "--json").stdout)
    assert {"ups-apc", "ups-rfc1628", "interfaces", "printer"} <= {row["profile"] for row in listed}
    assert "ups-apc" in vigie("profiles").stdout


def test_record_writes_a_recording_without_private_data(port: int, tmp_path: Path) -> None:
    out = tmp_path / "ups.rec"
    done = vigie("record", "127.0.0.1", "--port", str(port), "-c", "lookout", "--out", str(out))
    assert done.return_value == 0
    text = out.read_text(encoding="utf-8")
    assert len(parse(text)) > 40
    assert "AS0000000001" not in text
    assert "ups-serveurs" not in text


def test_record_does_not_write_over_a_file(port: int, tmp_path: Path) -> None:
    out = tmp_path / "ups.rec"
    out.write_text("mine")
    done = vigie("record", "127.0.0.1", "--port", str(port), "-c", "lookout", "--out", str(out))
    assert isinstance(done.exception, VigieError)
    assert not isinstance(done.exception, InputError)
    assert out.read_text() == "mine"
