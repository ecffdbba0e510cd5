"""Who may act: accounts, secrets, one-time codes, and a brake on guessing."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

RESPONDER = "responder"
"""The role of a signed-in person: may take an incident, write on it, ask for maintenance."""

CODE_VALID_S = 86400.0
_CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH = 10
MIN_SECRET = 10
"""Shortest password taken."""

# 19 MiB and two passes: OWASP's floor for argon2id; a Pi 3 has 1 GiB and eight threads may sign in at once.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class AccountRow(Protocol):
    """What a store keeps of one person."""

    @property
    def name(self) -> str:
        """Name used to sign in and shown on incidents."""
        ...

    @property
    def role(self) -> str:
        """`RESPONDER`."""
        ...

    @property
    def secret_hash(self) -> str:
        """argon2id hash of the password."""
        ...


class CodeRow(Protocol):
    """The one-time code that lets the next person in."""

    @property
    def hash(self) -> str:
        """argon2id hash of the code."""
        ...

    @property
    def used(self) -> bool:
        """True once somebody came in with it."""
        ...

    @property
    def expires_at(self) -> float:
        """Seconds since the epoch."""
        ...


class Accounts(Protocol):
    """Where accounts are kept. The depot's page: commands.db; headquarters: its ledger."""

    def accounts(self) -> Sequence[AccountRow]:
        """Everybody."""
        ...

    def account(self, name: str) -> AccountRow | None:
        """One person."""
        ...

    def add(self, name: str, role: str, secret_hash: str) -> None:
        """Adds a person; the name must be free."""
        ...

    def save_code(self, code_hash: str, expires_at: float) -> None:
        """Replaces the one-time code."""
        ...

    def code(self) -> CodeRow | None:
        """The one-time code that was saved last, used and expired ones too."""
        ...

    def burn_code(self) -> bool:
        """Marks the code as used; False if somebody else was first."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """One person, as `MemoryAccounts` keeps it."""

    name: str
    role: str
    secret_hash: str


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time code, as `MemoryAccounts` keeps it."""

    hash: str
    expires_at: float
    used: bool = False


class MemoryAccounts:
    """The fake: accounts that end with the process."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._code: Code | None = None

    def accounts(self) -> list[Account]:
        """Everybody."""
        return list(self._accounts.values())

    def account(self, name: str) -> Account | None:
        """One person."""
        return self._accounts.get(name)

    def add(self, name: str, role: str, secret_hash: str) -> None:
        """Adds a person."""
        self._accounts[name] = Account(name, role, secret_hash)

    def save_code(self, code_hash: str, expires_at: float) -> None:
        """Replaces the one-time code."""
        self._code = Code(code_hash, expires_at)

    def code(self) -> Code | None:
        """The one-time code."""
        return self._code

    def burn_code(self) -> bool:
        """Marks the code as used."""
        if self._code is None or self._code.used:
            return False
        self._code = replace(self._code, used=True)
        return True


def hash_secret(secret: str) -> str:
    """argon2id hash of a password or code."""
    return _HASHER.hash(secret)


_NOBODY = hash_secret(secrets.token_hex(8))


def secret_matches(secret_hash: str | None, secret: str) -> bool:
    """True if the secret is the right one. Takes as long for nobody (``None``) as for somebody."""
    try:
        return _HASHER.verify(secret_hash or _NOBODY, secret) and secret_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def issue_code(accounts: Accounts, now: float) -> str:
    """Makes, keeps (hashed, for a day) and returns a one-time code to print: ``XXXXX-XXXXX``."""
    code = "".join(secrets.choice(_CODE_ALPHABET) for _ in range(_CODE_LENGTH))
    accounts.save_code(hash_secret(code), now + CODE_VALID_S)
    return f"{code[:5]}-{code[5:]}"


def code_matches(accounts: Accounts, typed: str, now: float) -> bool:
    """True if ``typed`` is the one-time code that waits. Case, blanks and dashes do not matter."""
    row = accounts.code()
    plain = "".join(typed.upper().replace("-", "").split())
    valid = row is not None and not row.used and now < row.expires_at
    return secret_matches(row.hash if row and valid else None, plain)


class Brake:
    """Lets ``allowed`` failures per ``window_s`` seconds and key (an address) through, then refuses for a while."""

    def __init__(self, allowed: int = 5, window_s: float = 300.0) -> None:
        self._allowed = allowed
        self._window_s = window_s
        self._failures: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def wait_s(self, key: str, now: float) -> float:
        """Seconds this key has to wait; 0 if it may try."""
        with self._lock:
            recent = self._recent(key, now)
            return recent[-self._allowed] + self._window_s - now if len(recent) >= self._allowed else 0.0

    def failed(self, key: str, now: float) -> None:
        """Counts one failure."""
        with self._lock:
            self._failures[key] = [*self._recent(key, now), now]

    def succeeded(self, key: str) -> None:
        """Forgets the failures of this key."""
        with self._lock:
            self._failures.pop(key, None)

    def _recent(self, key: str, now: float) -> list[float]:
        for other in [name for name, times in self._failures.items() if times[-1] <= now - self._window_s]:
            del self._failures[other]
        return [at for at in self._failures.get(key, []) if at > now - self._window_s]
