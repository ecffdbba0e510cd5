"""Backup jobs that call: tokens that stay, calls that survive, rows that are not whole."""

from __future__ import annotations

from pathlib import Path

from gateway.clock import FakeClock
from gateway.core.backups import Call
from gateway.core.device import Device, Park
from gateway.store.calls import CallReader, Calls
from gateway.store.commands import CommandQueue
from gateway.store.db import open_database
from gateway.store.rebuild import rebuild

PARK = Park([Device("srv", "Server", backups=("erp=call", "ssh", "mail=call@7d")), Device("nas", "NAS")])


def calls(folder: Path, clock: FakeClock) -> Calls:
    found = Calls(folder / "commands.db", clock)
    found.know(PARK)
    return found


def test_each_job_that_calls_has_a_long_token_of_its_own_that_stays(tmp_path: Path) -> None:
    clock = FakeClock(1000.0)
    page = calls(tmp_path, clock)
    tokens = {job: page.token("srv", job) for job in ("erp", "mail")}
    assert all(len(token) == 32 for token in tokens.values())
    assert len(set(tokens.values())) == 2
    assert page.token("srv", "ssh") == ""
    page.know(Park())
    clock.advance(86_400)
    again = calls(tmp_path, clock)
    assert {job: again.token("srv", job) for job in tokens} == tokens
    assert again.of("srv") == {"erp": Call("srv", "erp", 1000.0), "mail": Call("srv", "mail", 1000.0)}
    assert again.of("nas") == {}


def test_a_token_finds_its_job_and_nothing_else_does(tmp_path: Path) -> None:
    page = calls(tmp_path, FakeClock())
    token = page.token("srv", "erp")
    found = page.find(token)
    assert found is not None
    assert (found.device, found.job) == ("srv", "erp")
    assert [page.find(text) for text in ("", token[:-1], token + "x", token.lower(), "é\ud800", "%")] == [None] * 6


def test_a_call_is_durable_and_a_failed_one_leaves_the_good_one_before(tmp_path: Path) -> None:
    clock = FakeClock(1000.0)
    page, agent = calls(tmp_path, clock), CallReader(tmp_path / "commands.db")
    clock.advance(100)
    page.note(page.of("srv")["erp"], ok=True, size=5e9)
    good = Call("srv", "erp", 1000.0, 1100.0, good_at=1100.0, size=5e9)
    assert agent.of("srv")["erp"] == good
    clock.advance(100)
    page.note(good, ok=False, detail="3")
    failed = Call("srv", "erp", 1000.0, 1200.0, ok=False, detail="3", good_at=1100.0, size=5e9)
    assert CallReader(tmp_path / "commands.db").of("srv")["erp"] == agent.of("srv")["erp"] == failed


def test_a_damaged_row_is_left_out(tmp_path: Path) -> None:
    page, agent = calls(tmp_path, FakeClock()), CallReader(tmp_path / "commands.db")
    open_database(tmp_path / "commands.db", schema="commands").execute("UPDATE call SET ok = 0 WHERE job = 'erp'")
    assert set(agent.of("srv")) == set(page.of("srv")) == {"mail"}


def test_tokens_and_calls_survive_a_file_that_is_made_anew(tmp_path: Path) -> None:
    clock = FakeClock(1000.0)
    page = calls(tmp_path, clock)
    page.note(page.of("srv")["erp"], ok=True, size=7.0)
    before, token = page.of("srv"), page.token("srv", "erp")
    page.close()
    rebuild(tmp_path / "commands.db", "commands", clock.wall())
    again = Calls(tmp_path / "commands.db", clock)
    assert (again.of("srv"), again.token("srv", "erp")) == (before, token)


def test_before_the_page_has_made_the_file_there_are_no_calls(tmp_path: Path) -> None:
    agent = CallReader(tmp_path / "commands.db")
    assert agent.of("srv") == {}
    CommandQueue(tmp_path / "commands.db", FakeClock())
    assert agent.of("srv") == {}
    agent.close()
