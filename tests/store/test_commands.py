"""commands.db: the page writes, the agent reads; accounts and the one-time code."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.core.errors import VigieError
from gateway.store.commands import Account, Accounts, CommandQueue, CommandReader, OneTimeCode
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
