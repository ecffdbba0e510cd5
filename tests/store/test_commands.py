"""commands.db: the page writes, the agent reads; accounts and the one-time code."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.core.errors import DamagedError, VigieError
from gateway.store.commands import FILE_NAME, Account, Accounts, CommandQueue, CommandReader, OneTimeCode
from gateway.store.db import open_database

CLOCK = FakeClock(1000.0)


def test_missing_file_is_no_command_until_the_page_makes_it(tmp_path: Path) -> None:
    path = tmp_path / "page" / "commands.db"
    agent = CommandReader(path)
    assert agent.after(0) == []
    number = CommandQueue(path, CLOCK).put("acknowledge", "Amel", {"incident": "i1", "note": "vu"})
    (command,) = agent.after(0)
    assert dataclasses.astuple(command) == (number, "acknowledge", 1000.0, "Amel", {"incident": "i1", "note": "vu"})


def test_only_newer_commands_come_and_in_order(tmp_path: Path) -> None:
    queue, agent = CommandQueue(tmp_path / "commands.db", CLOCK), CommandReader(tmp_path / "commands.db")
    numbers = [queue.put("note", "Amel", {"n": n}) for n in range(3)]
    assert [command.id for command in agent.after(numbers[0])] == numbers[1:]
    assert agent.after(numbers[-1]) == []


def test_number_of_a_command_is_never_used_again(tmp_path: Path) -> None:
    queue = CommandQueue(tmp_path / "commands.db", CLOCK)
    first = queue.put("note", "Amel", {})
    open_database(tmp_path / "commands.db", schema="commands").execute("DELETE FROM command")
    assert queue.put("note", "Amel", {}) > first


def test_damaged_command_is_not_carried_out(tmp_path: Path) -> None:
    queue, agent = CommandQueue(tmp_path / "commands.db", CLOCK), CommandReader(tmp_path / "commands.db")
    queue.put("silence", "Amel", {"minutes": 30})
    queue.put("note", "Amel", {})
    open_database(tmp_path / "commands.db", schema="commands").execute("UPDATE command SET who = 'Amal' WHERE id = 1")
    assert [command.kind for command in agent.after(0)] == ["note"]
    assert agent.damage() == {"command": 1}


def test_accounts_are_kept_and_a_name_is_given_once(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "commands.db", CLOCK)
    accounts.add("yacine", "responder", "$argon2id$1")
    accounts.add("amel", "owner", "$argon2id$2")
    with pytest.raises(VigieError, match='the name "amel" is taken'):
        accounts.add("amel", "viewer", "$argon2id$3")
    again = Accounts(tmp_path / "commands.db", CLOCK)
    assert [account.name for account in again.accounts()] == ["amel", "yacine"]
    assert again.account("amel") == Account("amel", "owner", "$argon2id$2", 1000.0)
    accounts.set_secret("amel", "$argon2id$4")
    accounts.remove("yacine")
    assert [account.secret_hash for account in again.accounts()] == ["$argon2id$4"]
    assert again.account("yacine") is None


def test_one_time_code_burns_once_and_a_new_one_replaces_it(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "commands.db", CLOCK)
    assert accounts.code() is None
    assert accounts.burn_code() is False
    accounts.save_code("hash-1", 5000.0)
    assert [accounts.burn_code(), Accounts(tmp_path / "commands.db", CLOCK).burn_code()] == [True, False]
    assert accounts.code() == OneTimeCode("hash-1", 5000.0, used=True)
    accounts.save_code("hash-2", 6000.0)
    assert accounts.code() == OneTimeCode("hash-2", 6000.0, used=False)


def test_damaged_account_lets_nobody_in_is_counted_and_can_be_made_anew(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / FILE_NAME, FakeClock())
    for name in ("Amel", "Karim"):
        accounts.add(name, "technician", "$argon2id$x")
    accounts._database.execute("UPDATE account SET secret_hash = '$argon2id$y' WHERE name = 'Amel'")
    assert [one.name for one in accounts.accounts()] == ["Karim"]
    assert accounts.account("Amel") is None
    assert accounts._database.damage == {"account": 1}
    accounts.add("Amel", "technician", "$argon2id$z")
    assert [one.name for one in accounts.accounts()] == ["Amel", "Karim"]


def test_damaged_code_is_not_honoured(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / FILE_NAME, FakeClock())
    accounts.save_code("$argon2id$x", 5.0)
    accounts._database.execute("UPDATE code SET expires_at = 9e9")
    assert accounts.code() is None
    assert accounts.burn_code() is False


def test_numbers_of_a_file_made_anew_go_on_beyond_what_the_agent_dealt_with(tmp_path: Path) -> None:
    """Else what people ask would never be carried out: the agent takes no number again."""
    queue = CommandQueue(tmp_path / FILE_NAME, FakeClock(), beyond=57)
    assert [queue.put("poll_now", "Amel", {}), queue.put("poll_now", "Amel", {})] == [58, 59]
    queue.close()
    assert CommandQueue(tmp_path / FILE_NAME, FakeClock(), beyond=58).put("poll_now", "Amel", {}) == 60


def test_damaged_page_of_the_file_is_told_to_whoever_can_start_the_page_again(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / FILE_NAME, CLOCK)
    for number in range(100):
        accounts.add(f"person-{number:03}", "technician", "x" * 90)
    accounts.close()
    with (tmp_path / FILE_NAME).open("r+b") as handle:
        handle.seek(3 * 4096)
        handle.write(b"\xa5" * 8192)
    told: list[str] = []
    accounts = Accounts(tmp_path / FILE_NAME, CLOCK)
    accounts.when_damaged(lambda: told.append("damaged"))
    with pytest.raises(DamagedError, match="damaged"):
        accounts.accounts()
    assert told == ["damaged"]
