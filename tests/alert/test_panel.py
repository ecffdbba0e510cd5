"""The board's pins: what is lit, in which rhythm, and what happens where there is no board."""

from __future__ import annotations

import sys
import threading

import pytest
from gpiozero.pins.mock import MockFactory

from gateway.alert.panel import GpioPanel, NoPanel, open_panel
from gateway.core.errors import VigieError
from gateway.ports import Signal
from gateway.settings import PanelSettings

PINS = PanelSettings(enabled=True)
RGB = (PINS.red, PINS.green, PINS.blue)


def rising_edges(factory: MockFactory, pin: int) -> int:
    return sum(bool(state.state) for state in factory.pin(pin).states)


def wait_for_edges(factory: MockFactory, pin: int, wanted: int) -> None:
    tick = threading.Event()
    for _ in range(500):
        if rising_edges(factory, pin) >= wanted:
            return
        tick.wait(0.01)
    pytest.fail(f"pin {pin} rose {rising_edges(factory, pin)} times, {wanted} were expected")


@pytest.mark.parametrize(
    ("light", "lit"), [("green", (0, 1, 0)), ("amber", (1, 1, 0)), ("red", (1, 0, 0)), ("blue", (0, 0, 1))]
)
def test_a_steady_colour_lights_its_pins_and_no_other(light: str, lit: tuple[int, ...]) -> None:
    factory = MockFactory()
    panel = GpioPanel(PINS, factory)
    panel.show(Signal(light))
    assert tuple(int(factory.pin(pin).state) for pin in RGB) == lit
    panel.close()


def test_fast_and_alarm_go_on_and_off_again_and_again() -> None:
    factory = MockFactory()
    panel = GpioPanel(PINS, factory, tick_s=0.01)
    panel.show(Signal("red", "fast", "alarm"))
    wait_for_edges(factory, PINS.red, 3)
    wait_for_edges(factory, PINS.buzzer, 2)
    assert rising_edges(factory, PINS.blue) == 0
    panel.close()


def test_a_new_light_does_not_start_the_buzzer_anew() -> None:
    factory = MockFactory()
    panel = GpioPanel(PINS, factory, tick_s=60.0)
    panel.show(Signal("red", "fast", "alarm"))
    wait_for_edges(factory, PINS.buzzer, 1)
    panel.show(Signal("red", "slow", "alarm"))
    assert rising_edges(factory, PINS.buzzer) == 1
    panel.close()


def test_closing_turns_everything_off_and_gives_the_pins_back() -> None:
    factory = MockFactory()
    panel = GpioPanel(PINS, factory, tick_s=0.01)
    panel.show(Signal("red", "steady", "alarm"))
    panel.close()
    assert [int(factory.pin(pin).state) for pin in (*RGB, PINS.buzzer)] == [0, 0, 0, 0]
    GpioPanel(PINS, factory).close()


def test_two_uses_of_one_pin_are_refused_in_one_line() -> None:
    with pytest.raises(VigieError, match=r"\[panel\].*enabled = false"):
        GpioPanel(PanelSettings(enabled=True, red=17, green=17), MockFactory())


def test_the_settings_choose_the_panel() -> None:
    assert isinstance(open_panel(PanelSettings()), NoPanel)
    board = open_panel(PanelSettings(enabled=True, pin_factory="mock"))
    assert isinstance(board, GpioPanel)
    board.close()


def test_a_machine_without_pins_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lgpio", None)
    with pytest.raises(VigieError, match="set enabled = false"):
        open_panel(PanelSettings(enabled=True))
