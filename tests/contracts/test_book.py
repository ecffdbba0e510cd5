"""The book of decisions: one suite on the fake and on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from web.desk.decisions import Book, Entry, MemoryBook
from web.desk.ledger import Ledger

T0 = 1_780_000_000.0


@pytest.fixture(params=["memory", "sqlite"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Book]:
    if request.param == "memory":
        yield MemoryBook()
        return
    ledger = Ledger(f"sqlite:///{tmp_path / 'desk.db'}", FakeClock(T0))
    yield ledger.book
    ledger.close()


def test_a_decision_is_kept_once_and_read_back_in_order(book: Book) -> None:
    first = Entry("a", "feast", T0, "Nadia", {"on": "2026-03-20", "days": [1, 2]})
    second = Entry("b", "expense", T0 + 1, "Karim", {"amount": None})
    assert book.write(first, second) == 2
    assert book.write(Entry("a", "feast", T0 + 9, "Karim", {})) == 0
    assert list(book.entries("feast", "expense")) == [first, second]
    assert list(book.entries("expense")) == [second]
    assert list(book.entries()) == []


def test_a_decision_makes_pages_new(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'desk.db'}", FakeClock(T0))
    before = ledger.version()
    ledger.book.write(Entry("a", "feast", T0, "Nadia"))
    assert ledger.version() != before
    ledger.close()
