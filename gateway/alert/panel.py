"""The panel board: an RGB light, a buzzer and one button, driven by gpiozero. `NoPanel` is the box without a board."""

from __future__ import annotations

from collections import deque
from itertools import cycle
from typing import Any

from gateway.core.errors import VigieError
from gateway.ports import Panel, Signal
from gateway.settings import PanelSettings

HOLD_S = 3.0
"""A press this long acknowledges instead of silencing, s."""

_TICK_S = 0.25
_COLOURS = {"green": (0, 1, 0), "amber": (1, 1, 0), "red": (1, 0, 0), "blue": (0, 0, 1)}
# Rhythms are frames of one tick each, repeated; a single frame is steady.
_BLINKS: dict[str, tuple[int, ...]] = {
    "steady": (1,),
    "slow": (1, 1, 1, 1, 0, 0, 0, 0),
    "fast": (1, 0),
    "double": (1, 0, 1, 0, 0, 0, 0, 0),
}
_BEEPS: dict[str, tuple[int, ...]] = {
    "off": (0,),
    "alarm": (1, 1, 1, 1, 0, 0, 0, 0),
    "warning": (1, 0, 1, *[0] * 237),
}


class NoPanel:
    """A box without a board, and the fake of the tests: ``history`` keeps the last signals shown, ``press`` stands for
    a finger."""

    def __init__(self) -> None:
        self.history: deque[Signal] = deque(maxlen=1000)
        self._presses: deque[str] = deque()

    def show(self, signal: Signal) -> None:
        """Keeps the signal; the same signal again changes nothing."""
        if not self.history or self.history[-1] != signal:
            self.history.append(signal)

    def press(self, kind: str) -> None:
        """Somebody presses the button: "short" or "long"."""
        self._presses.append(kind)

    def presses(self) -> list[str]:
        """Presses since the last call."""
        return _emptied(self._presses)

    def close(self) -> None:
        """Nothing to give back."""


class GpioPanel:
    """The board on the pins of ``pin_factory`` (gpiozero's; its factory of fake pins serves tests).

    Raises `VigieError` where the pins cannot be had. ``tick_s`` is the length of one frame of a rhythm.
    """

    def __init__(
        self, settings: PanelSettings, pin_factory: Any, *, hold_s: float = HOLD_S, tick_s: float = _TICK_S
    ) -> None:
        import gpiozero

        self._tick_s = tick_s
        self._shown: Signal | None = None
        self._presses: deque[str] = deque()
        self._held = False
        self._devices: list[Any] = []
        self._button: Any = None
        try:
            self._light = self._opened(
                gpiozero.RGBLED(settings.red, settings.green, settings.blue, pwm=False, pin_factory=pin_factory)
            )
            self._buzzer = self._opened(gpiozero.Buzzer(settings.buzzer, pin_factory=pin_factory))
            self._button = self._opened(
                gpiozero.Button(settings.button, bounce_time=0.05, hold_time=hold_s, pin_factory=pin_factory)
            )
        except (gpiozero.GPIOZeroError, OSError) as error:
            self.close()
            reason = str(error) or type(error).__name__
            raise VigieError(
                f"[panel]: the board cannot be driven ({reason})",
                remedy="connect the board, correct the GPIO numbers, or set enabled = false",
            ) from error
        self._button.when_pressed = self._on_pressed
        self._button.when_held = self._on_held
        self._button.when_released = self._on_released

    def show(self, signal: Signal) -> None:
        """Changes light and buzzer; the same signal again changes nothing, so a rhythm is not started anew."""
        before, self._shown = self._shown, signal
        if before is None or (before.light, before.blink) != (signal.light, signal.blink):
            colour = _COLOURS[signal.light]
            self._play(self._light, [colour if on else (0, 0, 0) for on in _BLINKS[signal.blink]])
        if before is None or before.buzzer != signal.buzzer:
            self._play(self._buzzer, _BEEPS[signal.buzzer])

    def presses(self) -> list[str]:
        """Presses since the last call, "short" or "long"."""
        return _emptied(self._presses)

    def close(self) -> None:
        """Everything off, pins given back; may be called twice."""
        for device in self._devices:
            if device is not self._button:
                device.source = None
                device.off()
            device.close()
        self._devices.clear()

    def _opened(self, device: Any) -> Any:
        self._devices.append(device)
        return device

    def _play(self, device: Any, frames: Any) -> None:
        device.source = None
        if len(frames) == 1:
            device.value = frames[0]
            return
        device.source_delay = self._tick_s
        device.source = cycle(frames)

    # gpiozero calls these from its own threads; a deque's append is atomic
    def _on_pressed(self) -> None:
        self._held = False

    def _on_held(self) -> None:
        self._held = True
        self._presses.append("long")

    def _on_released(self) -> None:
        if not self._held:
            self._presses.append("short")


def open_panel(settings: PanelSettings) -> Panel:
    """The panel that the settings ask for: none, the board, or the board on fake pins (``pin_factory = "mock"``)."""
    if not settings.enabled:
        return NoPanel()
    if settings.pin_factory == "mock":
        from gpiozero.pins.mock import MockFactory

        return GpioPanel(settings, MockFactory())
    return GpioPanel(settings, _real_pins())


def _real_pins() -> Any:
    remedy = "run on a Raspberry Pi with the board, or set enabled = false"
    try:
        import lgpio
        from gpiozero import GPIOZeroError
        from gpiozero.pins.lgpio import LGPIOFactory
    except ImportError as error:
        raise VigieError("[panel]: the library for GPIO pins (lgpio) is not on this machine", remedy=remedy) from error
    try:
        return LGPIOFactory()
    except (GPIOZeroError, OSError, lgpio.error) as error:
        raise VigieError(f"[panel]: the GPIO pins cannot be opened ({error})", remedy=remedy) from error


def _emptied(queue: deque[str]) -> list[str]:
    return [queue.popleft() for _ in range(len(queue))]
