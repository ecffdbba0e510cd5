"""Headquarters' pages in a real browser: nobody is shut out, nothing overflows, open pages renew themselves."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright
from waitress.server import create_server

from gateway.clock import FakeClock
from gateway.core.amendment import Amendment, Kind
from web.common import MemoryAccounts
from web.common.accounts import RESPONDER, hash_secret
from web.desk.app import DeskOptions, create_app
from web.desk.counting import Office
from web.desk.decisions import MemoryBook, amended
from web.desk.memory import MemoryFleet
from web.desk.register import RegisterFile

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (scripts/setup installs it)"),
]
NAME, SECRET = "Nadia Haddad", "un long mot de passe"
PATHS = {
    "fleet": "/",
    "incidents": "/incidents",
    "incident": "/incidents/rouiba/c0ffee000147",
    "site": "/sites/rouiba",
    "figures": "/figures",
    "messages": "/messages",
    "commands": "/sites/rouiba/commands",
    "device": "/sites/rouiba/devices/srv-1",
    "week": "/report/2026-W47",
    "week that runs": "/report/2026-W48",
    "month": "/report/2026-11",
    "costs": "/costs",
    "upkeep": "/upkeep",
    "calendar": "/calendar",
}
"""Every page of headquarters."""
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


def load_sahel() -> ModuleType:
    """The company on paper of tests/desk."""
    name = "sahel_on_paper"
    if name not in sys.modules:
        path = Path(__file__).parent.parent / "desk" / "sahel.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@dataclass
class Served:
    """A running headquarters: its address, its facts, its clock."""

    base: str
    facts: MemoryFleet
    clock: FakeClock


@contextmanager
def served(register: Path | None = None) -> Iterator[Served]:
    """Headquarters of the company on paper; with a ``register`` there are costs, duties, feasts and work to approve."""
    sahel = load_sahel()
    facts, clock, accounts = sahel.fleet(waiting=True), FakeClock(sahel.NOW), MemoryAccounts()
    accounts.add(NAME, RESPONDER, hash_secret(SECRET))
    office = None
    if register is not None:
        start = sahel.NOW - 3 * 86_400
        work = Amendment(
            "m-1", Kind.MAINTENANCE, "rouiba", "till", start, start + 7200, sahel.NOW - 60, "Atlas", "bloc"
        )
        facts = MemoryFleet(
            [replace(one, country="DZ") for one in facts.sites()],
            facts.notifications(),
            sahel.transitions(),
            MemoryBook(amended(work, "Atlas", sahel.NOW - 60)),
            sahel.hours(),
        )
        office = Office(facts, facts.book, RegisterFile(register))
    options = DeskOptions("Sahel Distribution", accounts, b"k" * 32, told=True, office=office)
    server = create_server(create_app(facts, options, clock), host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{server.effective_port}", facts, clock)
    finally:
        # closed from its own thread: the loop must not wait on descriptors that another thread took away
        server.trigger.pull_trigger(lambda: (server.task_dispatcher.shutdown(), server.close()))
        thread.join(timeout=10)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    register = tmp_path_factory.mktemp("desk") / "register.toml"
    register.write_text(load_sahel().REGISTER, "utf-8")
    with served(register) as one:
        yield one


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM)
        yield chromium
        chromium.close()


@contextmanager
def page_of(browser: Browser, desk: Served, viewport: dict[str, int], scheme: str = "light") -> Iterator[Page]:
    """A signed-in page; what the console complains of fails the test."""
    context = browser.new_context(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{desk.base}/sign-in")
    page.fill("[name=name]", NAME)
    page.fill("[name=secret]", SECRET)
    page.click("main button")
    yield page
    assert complaints == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_nobody_is_shut_out(browser: Browser, desk: Served, language: str, scheme: str):
    with page_of(browser, desk, PHONE, scheme) as page:
        for path in PATHS.values():
            page.goto(f"{desk.base}{path}?lang={language}")
            found = Axe().run(page)
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_nothing_overflows_the_screen(browser: Browser, desk: Served, language: str):
    with page_of(browser, desk, PHONE) as page:
        for path in PATHS.values():
            page.goto(f"{desk.base}{path}?lang={language}")
            for width in (320, 390, 768, 1280):
                page.set_viewport_size({"width": width, "height": 844})
                over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                assert over <= 0, f"{path} at {width}"


def test_arabic_is_written_from_right_to_left(browser: Browser, desk: Served):
    with page_of(browser, desk, DESKTOP) as page:
        page.goto(f"{desk.base}/?lang=ar")
        title, lights = page.locator("header .brand strong"), page.locator("nav.tools")
        assert title.bounding_box()["x"] > lights.bounding_box()["x"]  # type: ignore[index]
        expect(page.locator("h1")).to_contain_text("لا أحد متكفّل به")


def test_the_whole_page_is_few_nodes_and_the_phone_shows_what_to_do_first(browser: Browser, desk: Served):
    with page_of(browser, desk, PHONE) as page:
        page.goto(f"{desk.base}/?lang=fr")
        assert page.evaluate("document.querySelectorAll('*').length") <= 600
        button = page.get_by_role("button", name="Je prends cet incident").bounding_box()
        assert button is not None
        assert button["y"] + button["height"] <= PHONE["height"]


def test_the_keyboard_reaches_the_first_action_in_order(browser: Browser, desk: Served):
    with page_of(browser, desk, DESKTOP) as page:
        page.goto(f"{desk.base}/?lang=fr")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert "Je prends cet incident" in page.evaluate("document.activeElement.textContent")


def test_taking_an_incident_needs_one_tap_and_every_open_page_learns_of_it(browser: Browser):
    with served() as desk, page_of(browser, desk, DESKTOP) as page:
        page.goto(f"{desk.base}/?lang=fr")
        page.clock.install()
        page.goto(f"{desk.base}/")
        with page_of(browser, desk, PHONE) as other:
            other.goto(f"{desk.base}/?lang=fr")
            other.get_by_role("button", name="Je prends cet incident").click()
            expect(other.get_by_role("status")).to_contain_text("vous prenez cet incident en charge")
        page.clock.run_for(13_000)
        expect(page.locator("h1")).to_have_text(
            "Rouiba : Imprimante étiquettes quai 2 ne répond plus, et personne ne s’en occupe"
        )


def test_a_comment_is_written_from_the_page(browser: Browser):
    with served() as desk, page_of(browser, desk, PHONE) as page:
        page.goto(f"{desk.base}/incidents/rouiba/c0ffee000147?lang=fr")
        page.get_by_label("Ce que vous savez, ce que vous faites").fill("Pièce commandée")
        page.get_by_role("button", name="Noter", exact=True).click()
        expect(page.locator("ol.tl li").first).to_contain_text("Nadia Haddad : « Pièce commandée »")


def test_an_open_page_whose_session_ended_leads_to_the_sign_in(browser: Browser, desk: Served):
    with page_of(browser, desk, DESKTOP) as page:
        page.clock.install()
        page.goto(f"{desk.base}/?lang=fr")
        page.context.clear_cookies()
        page.clock.run_for(13_000)
        expect(page.locator("[name=secret]")).to_be_visible()
