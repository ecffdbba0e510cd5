"""From a sweep to a watched device in a browser: the real agent and the real page on the loopback, and a device that
answers SNMP there; then the same device is replaced by another one."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from gateway.profiles.recording import Tag, Value, oid, parse
from gateway.simulate.agents import Endpoint, serve_v2c
from gateway.simulate.mib import View
from gateway.store.inventory import InventoryStore

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (scripts/setup installs it)"),
]
HOST = "127.0.0.96"
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
NAME, SECRET = "Karim Benali", "un long mot de passe"
RECORDING = Path(__file__).parents[1] / "recordings" / "ups-apc.rec"
SERIAL = oid("1.3.6.1.4.1.318.1.1.1.1.2.3.0")
UP_TIME = oid("1.3.6.1.2.1.1.3.0")
PATIENCE_MS = 40_000


def free_port(kind: socket.SocketKind, host: str = "127.0.0.1") -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


class Ups:
    """A UPS that answers SNMP on a thread of its own; ``replace`` puts another machine in its place."""

    def __init__(self) -> None:
        self.port = free_port(socket.SOCK_DGRAM, HOST)
        self._values = parse(RECORDING.read_text(encoding="utf-8"))
        self._view = View(self._values)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        serving = serve_v2c(Endpoint(HOST, self.port), lambda: self._view, "public")
        asyncio.run_coroutine_threadsafe(serving, self._loop).result(10)

    def replace(self, serial: str) -> None:
        changed = {SERIAL: Value(Tag.OCTETS, serial.encode()), UP_TIME: Value(Tag.TICKS, 6000)}
        self._view = View({**self._values, **changed})

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


class Box:
    """A site directory with its agent and its page, both as their users start them."""

    def __init__(self, folder: Path, snmp_port: int) -> None:
        self.folder, self.inventory = folder, folder / "data" / "inventory.json"
        self.web_port = free_port(socket.SOCK_STREAM)
        self.base = f"http://127.0.0.1:{self.web_port}"
        (folder / "site.toml").write_text(
            '[site]\nid = "rouiba"\nname = "Dépôt de Rouiba"\n[data]\npath = "data"\nruntime = "run"\n'
            '[poll]\nevery = "2s"\ntimeout = "1s"\n[detect]\nenabled = false\n'
            f'[networks]\nranges = ["{HOST}/32"]\n[discovery]\nsnmp_port = {snmp_port}\nrate = 200\n'
            f'[page]\nhost = "127.0.0.1"\nport = {self.web_port}\n'
        )
        self._processes = [self._start("run"), self._start("web")]
        self.code = self._code()

    def _start(self, command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "gateway.main", command, "--config", str(self.folder / "site.toml")],
            stdout=subprocess.PIPE if command == "web" else subprocess.DEVNULL,
            stderr=(self.folder / f"{command}.log").open("w"),
            text=True,
        )

    def _code(self) -> str:
        page = self._processes[1]
        assert page.stdout is not None
        for line in page.stdout:
            if "one-time code:" in line:
                return line.rpartition(" ")[2].strip()
        raise AssertionError((self.folder / "web.log").read_text())

    def close(self) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            process.wait(30)


@pytest.fixture
def ups() -> Iterator[Ups]:
    made = Ups()
    yield made
    made.close()


@pytest.fixture
def box(tmp_path: Path, ups: Ups) -> Iterator[Box]:
    made = Box(tmp_path, ups.port)
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


def shown(page: Page, text: str) -> Locator:
    """Asks for the page again until it says so: sooner than it renews itself."""
    found = page.get_by_text(text).first
    for _ in range(PATIENCE_MS // 500):
        if found.is_visible():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(found).to_be_visible()
    return found


def accessible(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found] == [], page.url
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def sign_up(page: Page, code: str) -> None:
    page.goto("/sign-in/code")
    page.get_by_label("Code").fill(code)
    page.get_by_label("Votre nom").fill(NAME)
    page.locator("input[name=secret]").fill(SECRET)
    page.locator("input[name=again]").fill(SECRET)
    page.locator("form.stack button, main form button").first.click()
    page.wait_for_url("**/")


def test_a_device_is_found_added_watched_and_its_replacement_confirmed(browser: Browser, box: Box, ups: Ups) -> None:
    context = browser.new_context(base_url=box.base, viewport=PHONE)
    page, said = context.new_page(), list[str]()
    page.on("console", lambda message: said.append(message.text))
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    sign_up(page, box.code)

    page.goto("/devices")
    page.get_by_role("link", name="Chercher des appareils").click()
    expect(page.get_by_text("n’a pas encore été parcouru")).to_be_visible()
    page.get_by_role("button", name="Chercher maintenant").click()
    shown(page, "ups-serveurs")
    assert InventoryStore(box.inventory).read() == ((), ())  # nothing was added by itself
    accessible(page)

    page.get_by_role("link", name="Ajouter").click()
    expect(page.get_by_label("Sorte")).to_have_value("ups")
    expect(page.get_by_text("AS0000000001")).to_be_visible()
    accessible(page)
    page.get_by_label("Nom").fill("Onduleur de la baie")
    page.get_by_label("Emplacement").fill("Local technique")
    page.get_by_role("button", name="Ajouter et surveiller").click()
    expect(page.get_by_role("status")).to_contain_text("C’est noté")

    page.goto("/devices")
    shown(page, "Onduleur de la baie").click()
    shown(page, "relève la tension")  # it is polled, without a restart
    expect(page.get_by_text("AS0000000001")).to_be_visible()
    expect(page.get_by_text("dit par l’appareil depuis").first).to_be_visible()
    expect(page.get_by_text(f"Ajouté à l’inventaire par {NAME}")).to_be_visible()
    accessible(page)

    ups.replace("BS9999999999")
    shown(page, "Une autre machine répond ici")
    page.get_by_role("link", name="Décider").click()
    shown(page, "BS9999999999")
    accessible(page)
    page.get_by_role("button", name="Oui, elle a été remplacée").click()
    page.goto("/devices/ups-serveurs")
    shown(page, "Remplacé : numéro AS0000000001, puis BS9999999999")
    expect(page.get_by_text("Une autre machine répond ici")).not_to_be_visible()

    page.get_by_role("link", name="Corriger la fiche").click()
    accessible(page)
    page.get_by_label("Modèle").fill("Smart-UPS (prêt)")
    page.get_by_role("button", name="Enregistrer").click()
    shown(page, f"inscrit par {NAME}")
    assert said == []
    context.close()
