"""`vigie simulate` and `vigie replay` as a person calls them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.core.errors import InputError
from gateway.main.cli import cli

SITE = '[site]\nid = "site"\nname = "Dépôt"\n[service_levels.critical]\nresponse = "1h"\nrestore = "4h"\n'
INVENTORY = """
[[device]]
id = "ups"
name = "Onduleur"
kind = "ups"
criticality = "critical"
[[device]]
id = "srv"
name = "Serveur"
kind = "server"
criticality = "critical"
[[service]]
id = "erp"
name = "ERP"
criticality = "critical"
depends_on = ["srv"]
"""
KEYS = {
    *("id", "cause", "root_device", "root_metric", "severity", "opened_at", "detected_at", "acknowledged_at"),
    *("restored_at", "symptoms", "services", "response_due_at", "restore_due_at", "breached", "recurrence_of"),
    *("proposals", "narrative"),
}


@pytest.fixture
def depot(tmp_path: Path) -> Path:
    (tmp_path / "site.toml").write_text(SITE)
    (tmp_path / "inventory.toml").write_text(INVENTORY)
    return tmp_path


def line(minute: int, **rest: Any) -> str:
    return json.dumps({"t": f"2026-06-07T08:{minute:02}:00Z", **rest}) + "\n"


def history() -> str:
    rounds = []
    for minute in range(30):
        if 5 <= minute < 15:
            rounds.append(line(minute, device="srv", failure="timeout"))
        else:
            rounds.append(line(minute, device="srv", metric="system.cpu.utilization", instance="", value=0.2))
        rounds.append(line(minute, device="erp", metric="reach.up", instance="", value=int(not 5 <= minute < 15)))
        rounds.append(line(minute, device="ups", metric="ups.status", instance="", value="OL"))
    rounds.insert(24, line(8, event="acknowledge", device="srv", who="Karim", text="j'y vais"))
    return "".join(rounds)


def play(depot: Path, readings: str = "readings.jsonl") -> Any:
    arguments = ["replay", str(depot / readings), "--site", str(depot / "site.toml")]
    return CliRunner().invoke(cli, [*arguments, "--inventory", str(depot / "inventory.toml"), "--json"])


def test_replay_prints_one_document_with_the_promised_keys(depot: Path) -> None:
    (depot / "readings.jsonl").write_text(history())
    done = play(depot)
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert set(document) == {"incidents", "service_levels", "notifications", "transitions"}
    (incident,) = document["incidents"]
    assert set(incident) == KEYS
    assert (incident["cause"], incident["root_device"], incident["services"]) == ("device_unreachable", "srv", ["erp"])
    assert incident["acknowledged_at"] == "2026-06-07T08:08:00.000Z"
    assert incident["restored_at"] == "2026-06-07T08:15:00.000Z"
    assert incident["response_due_at"] == "2026-06-07T09:06:00.000Z"
    assert set(incident["narrative"]) == {"fr", "ar", "en"}
    assert [one["kind"] for one in document["notifications"]] == ["opened", "restored"]
    (level,) = document["service_levels"]
    assert (level["service"], level["down_s"]) == ("erp", 600)


def test_message_is_worded_as_it_was_known_when_it_was_made(depot: Path) -> None:
    (depot / "readings.jsonl").write_text(history())
    opened, restored = json.loads(play(depot).stdout)["notifications"]
    assert "personne ne s’en occupe" in opened["text"]
    assert "rétabli" in restored["text"]


def test_metric_outside_the_vocabulary_is_counted_and_told_and_not_fatal(depot: Path) -> None:
    text = history() + line(31, device="srv", metric="made.up", instance="", value=1)
    with gzip.open(depot / "readings.jsonl.gz", "wt") as out:
        out.write(text)
    done = play(depot, "readings.jsonl.gz")
    assert done.exit_code == 0
    assert "made.up (1)" in done.stderr


@pytest.mark.parametrize(
    "bad", ["{", '{"t": "yesterday"}', '{"t": "2026-06-07T09:00:00Z", "device": "a", "failure": "tired"}']
)
def test_line_that_cannot_be_read_is_told_with_its_number(depot: Path, bad: str) -> None:
    (depot / "readings.jsonl").write_text(history() + bad + "\n")
    number = history().count("\n") + 1
    error = play(depot).exception
    assert isinstance(error, InputError)
    assert error.faults[0].line == number
    assert error.faults[0].remedy


def test_simulated_day_of_the_shipped_depot_replays_to_its_truth(tmp_path: Path) -> None:
    out = tmp_path / "day.jsonl"
    made = CliRunner().invoke(cli, ["simulate", "--out", str(out), "--for", "10m", "--every", "5s"])
    assert made.exit_code == 0, made.output
    truth = json.loads((tmp_path / "day.truth.json").read_text())
    assert [fault["cause"] for fault in truth["faults"]] == ["power_lost", "device_unreachable", "disk_full"]
    assert {"t", "device", "metric", "instance", "value"} == set(json.loads(out.read_text().splitlines()[0]))


def test_duration_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["simulate", "--out", str(tmp_path / "x.jsonl"), "--for", "soon"])
    assert done.exit_code == 2
    assert "write a duration" in done.output
