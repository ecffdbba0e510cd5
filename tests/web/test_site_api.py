"""JSON for programs and text for Prometheus, in the words of the contract."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest


def test_status_tells_the_state_the_sentence_and_the_link(depot: Callable[..., Any]) -> None:
    status = depot("power").client.get("/api/v1/status").json
    assert (status["site"], status["stale"], status["incidents_open"]) == ("rouiba", False, 1)
    assert status["state"] == "down"
    assert status["sentence"]["fr"] == "Le courant est coupé : Onduleur de la baie"
    assert status["link"]["waiting"] == {"1": 2, "2": 35}
    assert status["checked_at"] == "2026-11-22T09:20:08Z"
    assert status["devices"] == {"ok": 6, "warning": 0, "critical": 1, "unknown": 1, "maintenance": 0}


def test_old_facts_are_marked_and_no_verdict_is_claimed(depot: Callable[..., Any]) -> None:
    page = depot("stale")
    status = page.client.get("/api/v1/status").json
    assert (status["stale"], status["state"]) == (True, "unknown")
    assert {one["verdict"] for one in status["services"]} == {"unknown"}
    assert page.client.get("/healthz").status_code == 503
    assert depot("ok").client.get("/healthz").json == {"ok": True, "checked_at": "2026-11-22T09:20:08Z"}


def test_incident_has_the_keys_of_the_replay_and_its_due_instants(depot: Callable[..., Any]) -> None:
    first = depot("down").client.get("/api/v1/incidents").json["incidents"][0]
    assert first["cause"] == "device_unreachable"
    assert (first["root_device"], first["severity"], first["acknowledged_by"]) == ("srv-1", "P1", "Karim Benali")
    assert first["opened_at"] == "2026-11-22T08:42:08Z"
    assert first["restore_due_at"] == "2026-11-22T12:43:08Z"
    assert first["breached"] == {"response": False, "restore": False}
    assert first["restored_at"] is None
    assert first["title"]["en"].endswith("no longer answers")
    assert [step["kind"] for step in first["story"]] == ["opened", "acknowledged", "silenced", "note"]


def test_devices_come_with_their_newest_readings_and_units(depot: Callable[..., Any]) -> None:
    devices = {one["id"]: one for one in depot("down").client.get("/api/v1/devices").json["devices"]}
    assert set(devices) >= {"ups-1", "srv-1", "gateway"}
    assert devices["srv-1"]["failure"]["kind"] == "timeout"
    charge = next(row for row in devices["ups-1"]["readings"] if row["metric"] == "battery.charge")
    assert (charge["value"], charge["unit"]) == (96.0, "percent")


def test_readings_are_given_between_two_instants(depot: Callable[..., Any]) -> None:
    page = depot()
    query = "metric=ups.load&from=2026-11-22T06:00:00Z&to=2026-11-22T08:00:00Z"
    found = page.client.get(f"/api/v1/devices/ups-1/readings?{query}").json
    assert found["unit"] == "percent"
    assert found["readings"][0][0] == "2026-11-22T06:00:00Z"
    assert all("2026-11-22T06" <= at <= "2026-11-22T08:00:00Z" for at, _ in found["readings"])


@pytest.mark.parametrize(
    "query",
    [
        "",
        "metric=ups.load&from=yesterday",
        "metric=ups.load&from=2026-11-22T08:00:00",
        "metric=ups.load&from=200&to=100",
        "metric=ups.load&from=0&to=99999999999",
    ],
)
def test_unclear_span_of_readings_is_refused(depot: Callable[..., Any], query: str) -> None:
    assert depot().client.get(f"/api/v1/devices/ups-1/readings?{query}").status_code == 400


def test_doctor_names_what_fails(depot: Callable[..., Any]) -> None:
    well = depot("ok").client.get("/api/v1/doctor").json
    assert well["ok"]
    ill = depot("power").client.get("/api/v1/doctor").json
    assert not ill["ok"]
    assert [check["check"] for check in ill["checks"] if not check["ok"]] == ["link"]


def test_command_needs_a_session_and_its_token(depot: Callable[..., Any]) -> None:
    page = depot("power")
    command = {"kind": "acknowledge", "incident": "e51d77b0c3f8"}
    assert page.client.post("/api/v1/commands", json=command).status_code == 400
    headers = {"X-CSRFToken": page.token()}
    assert page.client.post("/api/v1/commands", json=command, headers=headers).status_code == 401
    page.sign_in()
    headers = {"X-CSRFToken": page.token()}
    answer = page.client.post("/api/v1/commands", json=command, headers=headers)
    assert (answer.status_code, answer.json) == (202, {"id": 1, "kind": "acknowledge"})
    assert page.example.submitted[0].body == {"incident": "e51d77b0c3f8"}


@pytest.mark.parametrize(
    "command",
    [
        {"kind": "reboot"},
        {"kind": "acknowledge"},
        {"kind": "note", "incident": 7},
        {"kind": "note", "incident": "x", "text": "y" * 501},
        ["acknowledge"],
    ],
)
def test_unknown_or_misshapen_command_is_refused(depot: Callable[..., Any], command: object) -> None:
    page = depot()
    page.sign_in()
    answer = page.client.post("/api/v1/commands", json=command, headers={"X-CSRFToken": page.token()})
    assert answer.status_code == 400
    assert page.example.submitted == []


def test_metrics_are_in_prometheus_text_form(depot: Callable[..., Any]) -> None:
    answer = depot("power").client.get("/metrics")
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    line = re.compile(r'(# (HELP|TYPE) [a-z_0-9]+ .+|[a-z_0-9]+(\{([a-z]+="[^"]*",?)+\})? -?[0-9.e+-]+)')
    assert [one for one in answer.text.splitlines() if not line.fullmatch(one)] == []
    assert 'vigie_verdict{subject="ups-1",verdict="critical"} 1' in answer.text
    assert 'vigie_reading_battery_charge{device="ups-1",instance=""} 96' in answer.text
    assert "vigie_uplink_connected 0" in answer.text


def test_unchanged_json_costs_no_body(depot: Callable[..., Any]) -> None:
    page = depot()
    tag = page.client.get("/api/v1/incidents").headers["ETag"]
    assert page.client.get("/api/v1/incidents", headers={"If-None-Match": tag}).status_code == 304
