"""Passwords, one-time codes and the brake on guessing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from web.common.accounts import (
    CODE_VALID_S,
    Brake,
    MemoryAccounts,
    code_matches,
    hash_secret,
    issue_code,
    secret_matches,
)

NOW = 1_780_000_000.0


def test_password_is_kept_as_argon2id_and_recognised() -> None:
    kept = hash_secret("correct horse battery")
    assert kept.startswith("$argon2id$")
    assert secret_matches(kept, "correct horse battery")
    assert not secret_matches(kept, "correct horse batterie")


def test_nobody_and_damaged_hashes_match_nothing() -> None:
    assert not secret_matches(None, "anything")
    assert not secret_matches("$argon2id$broken", "anything")


def test_code_works_once_however_it_is_typed() -> None:
    accounts = MemoryAccounts()
    code = issue_code(accounts, NOW)
    assert code_matches(accounts, f" {code.lower().replace('-', ' ')} ", NOW + 60)
    assert accounts.burn_code()
    assert not accounts.burn_code()
    assert not code_matches(accounts, code, NOW + 61)


def test_code_expires_after_a_day_and_a_new_one_voids_it() -> None:
    accounts = MemoryAccounts()
    old = issue_code(accounts, NOW)
    assert not code_matches(accounts, old, NOW + CODE_VALID_S)
    issue_code(accounts, NOW)
    assert not code_matches(accounts, old, NOW)


def test_code_itself_is_not_kept() -> None:
    accounts = MemoryAccounts()
    code = issue_code(accounts, NOW).replace("-", "")
    row = accounts.code()
    assert row is not None
    assert code not in row.hash


@given(st.lists(st.floats(min_value=0, max_value=400), max_size=12))
def test_brake_never_lets_more_than_five_failures_into_any_window(pauses: list[float]) -> None:
    brake, now, let_through = Brake(5, 300.0), NOW, []
    for pause in pauses:
        now += pause
        if brake.wait_s("here", now) == 0:
            brake.failed("here", now)
            let_through.append(now)
    assert all(last - first >= 300.0 for first, last in zip(let_through, let_through[5:], strict=False))


def test_brake_tells_how_long_to_wait_and_forgives_after_a_success() -> None:
    brake = Brake(5, 300.0)
    for second in range(5):
        assert brake.wait_s("here", NOW + second) == 0
        brake.failed("here", NOW + second)
    assert brake.wait_s("here", NOW + 10) == 290.0
    assert brake.wait_s("elsewhere", NOW + 10) == 0
    brake.succeeded("here")
    assert brake.wait_s("here", NOW + 10) == 0
