"""`vigie discover` as people run it: a real snmpd on the loopback, refusals, and text that can be added as it is."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.core.errors import VigieError
from gateway.main.cli import cli
from gateway.store.inventory_toml import parse_toml

HOST = "127.0.0.77"


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["discover", *words], catch_exceptions=True)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    if not shutil.which("snmpd"):
        pytest.skip("Debian's snmpd is not installed")
    folder = tmp_path_factory.mktemp("snmpd")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((HOST, 0))
        port = int(free.getsockname()[1])
    conf = folder / "snmpd.conf"
    conf.write_text(f"agentAddress udp:{HOST}:{port}\nrocommunity lookout\nsysName srv-erp.depot.local\n")
    process = subprocess.Popen(
        ["snmpd", "-f", "-C", "-c", str(conf), "-Lo", "-I", "-smux"],
        env={"SNMP_PERSISTENT_DIR": str(folder), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "NET-SNMP version" in line:
            break
    yield port
    process.terminate()
    process.wait(10)


@pytest.mark.integration
def test_agent_is_found_named_and_proposed(agent: int) -> None:
    done = run(f"{HOST}/32", "--port", str(agent), "-c", "lookout", "--json", "--rate", "1000")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["complete"], told["asked"]) == (True, 1)
    (one,) = told["found"]
    assert (one["standing"], one["address"]) == ("new", HOST)
    assert one["device"]["id"] == "srv-erp"
    assert one["device"]["collect"] == ["reach", "snmp"]
    assert "credential" not in one["device"]
    assert one["guessed"] == ["criticality"]


@pytest.mark.integration
def test_text_can_be_added_to_the_inventory_as_it_is(agent: int) -> None:
    done = run(f"{HOST}/32", "--port", str(agent), "-c", "lookout", "--toml", "--rate", "1000")
    (device,), _ = parse_toml(done.stdout, "inventory.toml")
    assert (device.id, device.ports) == ("srv-erp", {"snmp": agent})
    assert "# kind: SNMP" in done.stdout
    assert "name it in [credentials.NAME]" in done.stdout


@pytest.mark.integration
def test_known_device_with_another_serial_is_a_swap(agent: int, tmp_path: Path) -> None:
    (tmp_path / "community").write_text("lookout")
    (tmp_path / "site.toml").write_text(
        '[site]\nid = "d"\n[networks]\nranges = ["10.0.0.0/24"]\n[inventory]\npath = "inventory.toml"\n'
        '[credentials.lecture]\ncommunity = { file = "community" }\n'
    )
    (tmp_path / "inventory.toml").write_text(f'[[device]]\nid = "srv-1"\nname = "ERP"\naddress = "{HOST}"\n')
    words = (f"{HOST}/32", "--port", str(agent), "--config", str(tmp_path / "site.toml"), "--rate", "1000")
    (one,) = json.loads(run(*words, "--json").stdout)["found"]
    assert (one["standing"], one["replaces"], one["device"]["name"]) == ("known", "srv-1", "ERP")
    assert "1 known" in run(*words).stdout


def test_foreign_network_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('[site]\nid = "d"\n[networks]\nranges = ["10.0.0.0/24"]\n')
    done = run("198.51.100.0/24", "--config", str(tmp_path / "site.toml"))
    assert isinstance(done.exception, VigieError)
    assert "not of this site (10.0.0.0/24)" in str(done.exception)


def test_sweep_is_ended_by_ctrl_c_and_tells_what_it_has() -> None:
    words = ["127.0.9.0/24", "--port", "9", "--rate", "20", "--json"]
    act = [sys.executable, "-c", "from gateway.main.cli import main; main()", "discover", *words]
    process = subprocess.Popen(act, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.read(1) in "\r\n"
    process.send_signal(2)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert json.loads(out)["complete"] is False
    assert "ended after" in err
