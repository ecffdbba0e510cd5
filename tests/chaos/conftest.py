"""A slow line between box and broker: a proxy with a rate, a delay, a bounded queue, and losses that come as stalls, as
TCP shows them to a program. No network emulation of the kernel is needed."""

from __future__ import annotations

import queue
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from gateway.clock import SystemClock

CLOCK = SystemClock()
_PIECE = 1400


@dataclass(frozen=True)
class Quality:
    """Bytes per second, seconds one way, share of packets lost; a lost one comes a round trip and a half later and
    holds up what is behind it."""

    rate: float = 8_000.0
    delay_s: float = 0.3
    loss: float = 0.05
    queued: int = 32_768


SLOW = Quality()


class Line:
    """Listens on ``port`` and passes everything on."""

    def __init__(self, target: int, quality: Quality = SLOW, seed: int = 20260503) -> None:
        self._target = target
        self._quality = quality
        self._chance = random.Random(seed)
        self._closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.carried = 0
        self._start(self._serve)

    def close(self) -> None:
        """No new connections; those that are open end with their threads."""
        self._closed.set()
        self._listener.close()

    def _start(self, act: object, *given: object) -> None:
        threading.Thread(target=act, args=given, daemon=True).start()  # type: ignore[arg-type]

    def _serve(self) -> None:
        while not self._closed.is_set():
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                continue
            for one in (near, far):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # what waits must wait in the sender
            for source, target in ((near, far), (far, near)):
                pieces: queue.Queue[tuple[float, bytes]] = queue.Queue(self._quality.queued // _PIECE)
                self._start(self._take, source, pieces)
                self._start(self._give, pieces, target)

    def _take(self, source: socket.socket, pieces: queue.Queue[tuple[float, bytes]]) -> None:
        """When each piece comes out at the other end: after those before it, its own length, and the delay."""
        free_at = last = 0.0
        with suppress(OSError):
            while data := source.recv(_PIECE):
                now = CLOCK.monotonic()
                free_at = max(free_at, now) + (len(data) + 52) / self._quality.rate
                stall = 3 * self._quality.delay_s if self._chance.random() < self._quality.loss else 0.0
                last = max(last, free_at + self._quality.delay_s + stall)
                pieces.put((last, data))
                self.carried += len(data)
        pieces.put((0.0, b""))

    def _give(self, pieces: queue.Queue[tuple[float, bytes]], target: socket.socket) -> None:
        pause = threading.Event()
        with suppress(OSError):
            while (piece := pieces.get())[1]:
                pause.wait(max(0.0, piece[0] - CLOCK.monotonic()))
                target.sendall(piece[1])
        target.close()


@pytest.fixture
def slow_line() -> Iterator[Callable[[int], Line]]:
    """``slow_line(port)``: a line of 64 kbit/s to a port of this machine."""
    lines: list[Line] = []

    def make(port: int) -> Line:
        lines.append(Line(port))
        return lines[-1]

    yield make
    for line in lines:
        line.close()
