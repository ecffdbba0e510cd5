"""One suite for every panel: the board (on gpiozero's fake pins) and the box without a board."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from gpiozero.pins.mock import MockFactory

from gateway.alert.panel import GpioPanel, NoPanel
from gateway.ports import Panel, Signal
from gateway.settings import PanelSettings

HOLD_S = 0.05
PINS = PanelSettings(enabled=True)


@dataclass
class Bench:
    """A panel on the bench, and a finger."""

    panel: Panel
    press: Callable[[str], None]
    lights: Callable[[], list[object]]
    """What was shown, as far as the backend can tell."""


def _board() -> Bench:
    factory = MockFactory()
    panel = GpioPanel(PINS, factory, hold_s=HOLD_S, tick_s=0.01)
    button = factory.pin(PINS.button)

    def press(kind: str) -> None:
        button.drive_low()
        tick = threading.Event()
        for _ in range(500 if kind == "long" else 0):
            if panel._held:
                break
            tick.wait(0.01)
        button.drive_high()

    def lights() -> list[object]:
        return [len(factory.pin(pin).states) for pin in (PINS.red, PINS.green, PINS.blue, PINS.buzzer)]

    return Bench(panel, press, lights)


def _none() -> Bench:
    panel = NoPanel()
    return Bench(panel, panel.press, lambda: list(panel.history))


@pytest.fixture(params=[_board, _none], ids=["board", "no-board"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    made: Bench = request.param()
    yield made
    made.panel.close()


@pytest.mark.parametrize("light", ["green", "amber", "red", "blue"])
@pytest.mark.parametrize("blink", ["steady", "slow", "fast", "double"])
@pytest.mark.parametrize("buzzer", ["off", "warning", "alarm"])
def test_every_signal_can_be_shown(bench: Bench, light: str, blink: str, buzzer: str) -> None:
    before = bench.lights()
    bench.panel.show(Signal(light, blink, buzzer))
    assert bench.lights() != before


def test_the_same_signal_again_changes_nothing(bench: Bench) -> None:
    bench.panel.show(Signal("green"))
    before = bench.lights()
    bench.panel.show(Signal("green"))
    assert bench.lights() == before


def test_no_press_is_an_empty_list(bench: Bench) -> None:
    assert bench.panel.presses() == []


def test_presses_are_told_once_and_in_order(bench: Bench) -> None:
    for kind in ("short", "long", "short"):
        bench.press(kind)
    assert bench.panel.presses() == ["short", "long", "short"]
    assert bench.panel.presses() == []


def test_a_panel_may_be_closed_twice(bench: Bench) -> None:
    bench.panel.show(Signal("red", "fast", "alarm"))
    bench.panel.close()
    bench.panel.close()
