"""Orders at headquarters: signed when asked, sent until answered or overdue, told on the pages."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from flask.testing import FlaskClient

from gateway import wire
from gateway.clock import FakeClock
from gateway.signing import read_signing_key, verified
from web.common import MemoryAccounts
from web.common.accounts import RESPONDER, hash_secret
from web.desk.app import DeskOptions, create_app
from web.desk.ledger import Ledger
from web.desk.memory import MemoryFleet
from web.desk.orders import VALID_S, Commander, MemoryOrderBook, OrderBook, OrderState

NAME, SECRET = "Nadia Haddad", "un long mot de passe"
HASH = hash_secret(SECRET)
CLOCK = FakeClock()


class Fake:
    """The fake book, and how a site answers it."""

    def __init__(self, _folder: Path) -> None:
        self.book = MemoryOrderBook()

    def answer(self, site: str, result: wire.OrderResult) -> None:
        self.book.answered(site, result)

    def back(self, site: str, at: float) -> None:
        self.book.back_at[site] = at


class Real:
    """The ledger's book: a site answers with a message."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(f"sqlite:///{folder}/desk.db", CLOCK)
        self.book = self.ledger.orders
        self.seq = 0

    def answer(self, site: str, result: wire.OrderResult) -> None:
        self.seq += 1
        body = {"results": wire.results_body([result])}
        self.ledger.ingest(wire.Envelope(site, "s1", self.seq, "evt", body, 1.0), 2.0)

    def back(self, site: str, at: float) -> None:
        self.ledger.heard(site, wire.Status("online"), at)


@pytest.fixture(params=[Fake, Real])
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Fake | Real:
    made: Fake | Real = request.param(tmp_path)
    return made


@pytest.fixture
def commander(side: Fake | Real, tmp_path: Path) -> Commander:
    return Commander(side.book, read_signing_key(tmp_path / "signing.pem"), "org", CLOCK)


def one(book: OrderBook, site: str = "oran") -> tuple[OrderState, int]:
    (kept,) = book.of(site)
    return kept.state(CLOCK.wall()), kept.sends


def test_what_is_asked_is_signed_for_one_site_and_for_a_time(commander: Commander, tmp_path: Path) -> None:
    order = commander.issue("oran", "poll_now", "Nadia", {"device": "sw-1"})
    (kept,) = commander.book.of("oran")
    signed = wire.order_of(kept.payload)
    assert verified(read_signing_key(tmp_path / "signing.pem").public, signed.text, signed.signature)
    assert (signed.order.site, signed.order.organisation, signed.order.who) == ("oran", "org", "Nadia")
    assert signed.order.expires_at == pytest.approx(order.issued_at + VALID_S["poll_now"])
    assert not commander.book.of("rouiba")


def test_an_order_goes_again_with_growing_patience_until_it_is_answered(
    commander: Commander, side: Fake | Real
) -> None:
    order = commander.issue("oran", "diagnostics", "Nadia", {})
    now, sends = order.issued_at, []
    for second in range(600):
        if side.book.due(now + second):
            side.book.sent(order.id, now + second)
            sends.append(second)
    assert sends == [0, 30, 90, 210, 450]
    side.answer("oran", wire.OrderResult(order.id, "diagnostics", now + 601, "", {"version": "1"}))
    assert not side.book.due(now + 3000)
    assert one(side.book) == (OrderState.DONE, 5)
    (kept,) = side.book.of("oran")
    assert kept.result is not None
    assert kept.result.answer == {"version": "1"}


def test_a_site_that_comes_back_is_asked_at_once(commander: Commander, side: Fake | Real) -> None:
    order = commander.issue("oran", "diagnostics", "Nadia", {})
    side.book.sent(order.id, order.issued_at)
    assert not side.book.due(order.issued_at + 10)
    side.back("oran", order.issued_at + 11)
    assert [kept.order.id for kept in side.book.due(order.issued_at + 12)] == [order.id]


def test_what_is_overdue_is_not_sent_any_more(commander: Commander, side: Fake | Real) -> None:
    order = commander.issue("oran", "poll_now", "Nadia", {})
    (kept,) = side.book.of("oran")
    assert kept.state(order.expires_at) is OrderState.OVERDUE
    assert not side.book.due(order.expires_at)


def test_only_the_site_that_was_asked_can_answer_and_only_once(commander: Commander, side: Fake | Real) -> None:
    order = commander.issue("oran", "poll_now", "Nadia", {})
    side.answer("rouiba", wire.OrderResult(order.id, "poll_now", 1.0))
    assert one(side.book)[0] is OrderState.WAITING
    side.answer("oran", wire.OrderResult(order.id, "poll_now", 1.0, "refused: no"))
    side.answer("oran", wire.OrderResult(order.id, "poll_now", 2.0))
    assert one(side.book)[0] is OrderState.REFUSED


def test_nobody_can_ask_for_what_is_not_to_be_asked_for(commander: Commander) -> None:
    with pytest.raises(KeyError):
        commander.issue("oran", "inventory_edit", "Nadia", {})


# --- pages ---


class Fleet(MemoryFleet):
    """Facts that are new at every look: a page is never taken from the cache."""

    def __init__(self, facts: MemoryFleet) -> None:
        super().__init__(facts.sites(), facts.notifications())
        self._looks = 0

    def version(self) -> str:
        self._looks += 1
        return str(self._looks)


class Desk:
    """Headquarters' pages with a signed-in person."""

    def __init__(self, facts: MemoryFleet, now: float, folder: Path) -> None:
        accounts = MemoryAccounts()
        accounts.add(NAME, RESPONDER, HASH)
        self.book = MemoryOrderBook()
        key = read_signing_key(folder / "signing.pem")
        commander = Commander(self.book, key, "org", FakeClock(now))
        options = DeskOptions("Sahel", accounts, b"k" * 32, commander=commander)
        self.client: FlaskClient = create_app(Fleet(facts), options, FakeClock(now)).test_client()
        form = {"name": NAME, "secret": SECRET, "csrf_token": self.token("/sign-in")}
        assert self.client.post("/sign-in", data=form).status_code == 303

    def token(self, path: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(path).text)
        assert found is not None
        return found[1]

    def post(self, path: str, **form: str) -> int:
        data = form | {"csrf_token": self.token("/sites/rouiba/commands")}
        return self.client.post(path, data=data).status_code


@pytest.fixture
def desk(sahel: ModuleType, tmp_path: Path) -> Desk:
    return Desk(sahel.fleet(), sahel.NOW, tmp_path)


def test_taking_an_incident_tells_the_box_and_the_page_says_how_far_that_is(desk: Desk, sahel: ModuleType) -> None:
    path = "/incidents/rouiba/c0ffee000146"
    assert desk.post(f"{path}/take") == 303
    (kept,) = desk.book.of("rouiba")
    assert (kept.order.kind, kept.order.who, kept.order.issued_at) == ("acknowledge", NAME, sahel.NOW)
    assert kept.order.body == {"incident": "c0ffee000146"}
    assert "Pas encore parti" in desk.client.get(path).text
    desk.book.answered("rouiba", wire.OrderResult(kept.order.id, "acknowledge", sahel.NOW))
    assert "Fait par le boîtier du site" in desk.client.get(path).text


def test_a_comment_reaches_the_box_too(desk: Desk) -> None:
    assert desk.post("/incidents/rouiba/c0ffee000146/comment", text="le technicien part") == 303
    assert [kept.order.body["text"] for kept in desk.book.of("rouiba")] == ["le technicien part"]


def test_a_decision_reaches_the_box_with_who_does_it_and_until_when(desk: Desk) -> None:
    path = "/incidents/rouiba/c0ffee000146/decide"
    assert desk.post(path, text="Remplacer la batterie", whom="Nadia", day="2026-12-01") == 303
    (kept,) = desk.book.of("rouiba")
    assert kept.order.kind == "decide"
    told = kept.order.body
    assert (told["text"], told["whom"], told["day"]) == ("Remplacer la batterie", "Nadia", "2026-12-01")


def test_the_page_of_orders_tells_who_asked_what_and_why_it_was_refused(desk: Desk, sahel: ModuleType) -> None:
    assert desk.post("/sites/rouiba/commands/ask", kind="diagnostics") == 303
    (kept,) = desk.book.of("rouiba")
    desk.book.answered("rouiba", wire.OrderResult(kept.order.id, "diagnostics", sahel.NOW, "refused: not now"))
    text = desk.client.get("/sites/rouiba/commands").text
    for words in (NAME, "Diagnostic du boîtier", "Refusé par le boîtier", "refused: not now"):
        assert words in text


def test_a_setting_out_of_its_limits_is_refused_here_already(desk: Desk) -> None:
    form = {"kind": "change_setting", "name": "poll.every", "value": "1"}
    answer = desk.client.post(
        "/sites/rouiba/commands/ask", data=form | {"csrf_token": desk.token("/sites/rouiba/commands")}
    )
    assert "out of its limits" in desk.client.get(answer.headers["Location"]).text
    assert desk.post("/sites/rouiba/commands/ask", **(form | {"value": "90"})) == 303
    assert [kept.order.body for kept in desk.book.of("rouiba")] == [{"name": "poll.every", "value": 90.0}]


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "inventory_edit"},
        {"kind": "acknowledge"},
        {"kind": "maintenance_start"},
        {"kind": "maintenance_start", "device": "no-such"},
        {"kind": "change_setting", "name": "poll.every", "value": "viel"},
    ],
)
def test_nonsense_is_refused_and_sends_nothing(desk: Desk, form: dict[str, str]) -> None:
    assert desk.post("/sites/rouiba/commands/ask", **form) == 400
    assert not desk.book.of("rouiba")


def test_orders_need_a_signed_in_person_and_a_key(desk: Desk, sahel: ModuleType) -> None:
    assert desk.client.get("/sites/nowhere/commands").status_code == 404
    accounts = MemoryAccounts()
    stranger = create_app(sahel.fleet(), DeskOptions("Sahel", accounts, b"k" * 32), FakeClock(sahel.NOW)).test_client()
    assert "/sign-in" in stranger.get("/sites/rouiba/commands").headers["Location"]


def test_every_fate_has_words(commander: Commander, side: Fake | Real) -> None:
    from web.common.language import COMMON_TRANSLATIONS, languages
    from web.desk.letters import DESK_TRANSLATIONS
    from web.desk.remote import fate

    commander.issue("oran", "poll_now", "Nadia", {})
    (kept,) = side.book.of("oran")
    late = kept.order.expires_at
    stages = (
        (kept, 0.0),
        (replace(kept, sent_at=1.0, sends=1), 2.0),
        (kept, late),
        (replace(kept, result=wire.OrderResult("a", "b", 1.0)), late),
        (replace(kept, result=wire.OrderResult("a", "b", 1.0, "no")), late),
    )
    for language in languages([COMMON_TRANSLATIONS, DESK_TRANSLATIONS]).values():
        assert len({fate(one, now, language) for one, now in stages}) == len(stages)
