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


class Way:
    """One direction of a line, shared by all connections: what is sent stands in one queue of bounded length."""

    def __init__(self, quality: Quality, seed: int) -> None:
        self._quality = quality
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._free_at = 0.0

    def queue_s(self) -> float:
        """Seconds of sending that stand in the queue."""
        return max(0.0, self._free_at - CLOCK.monotonic())

    def arrival(self, size: int, after: float) -> float:
        """When a piece of so many bytes comes out, not before ``after`` (what its connection sent before). Waits while
        the queue is full."""
        while True:
            with self._lock:
                now = CLOCK.monotonic()
                behind = max(0.0, self._free_at - now)
                if behind * self._quality.rate < self._quality.queued:
                    self._free_at = now + behind + (size + 52) / self._quality.rate
                    lost = self._chance.random() < self._quality.loss
                    stall = 3 * self._quality.delay_s if lost else 0.0
                    return max(after, self._free_at + self._quality.delay_s + stall)
            threading.Event().wait(0.01)


class Line:
    """Listens on ``port`` and passes everything on. All its connections share its rate and its queue."""

    def __init__(self, target: int, quality: Quality, seed: int = 20260503) -> None:
        self._target = target
        self._ways = (Way(quality, seed), Way(quality, seed + 1))
        self._closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.carried = 0
        self._start(self._serve)

    def queue_s(self) -> float:
        """How long a packet of anybody else would have to wait now, on the way out of the depot."""
        return self._ways[0].queue_s()

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
            for way, source, target in zip(self._ways, (near, far), (far, near), strict=True):
                pieces: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
                self._start(self._take, way, source, pieces)
                self._start(self._give, pieces, target)

    def _take(self, way: Way, source: socket.socket, pieces: queue.SimpleQueue[tuple[float, bytes]]) -> None:
        """A piece comes out after those before it, its own length, and the delay; one that is lost holds up what its
        own connection sends behind it."""
        last = 0.0
        with suppress(OSError):
            while data := source.recv(_PIECE):
                last = way.arrival(len(data), last)
                pieces.put((last, data))
                self.carried += len(data)
        pieces.put((0.0, b""))

    def _give(self, pieces: queue.SimpleQueue[tuple[float, bytes]], target: socket.socket) -> None:
        pause = threading.Event()
        with suppress(OSError):
            while (piece := pieces.get())[1]:
                pause.wait(max(0.0, piece[0] - CLOCK.monotonic()))
                target.sendall(piece[1])
        target.close()


@pytest.fixture
def slow_line() -> Iterator[Callable[..., Line]]:
    """``slow_line(port)``: a line of 64 kbit/s and 600 ms there and back to a port of this machine; ``slow_line(port,
    16, 2.0)``: one of 16 kbit/s and two seconds. One packet in twenty is lost."""
    lines: list[Line] = []

    def make(port: int, kbit_s: float = 64.0, round_trip_s: float = 0.6) -> Line:
        lines.append(Line(port, Quality(kbit_s * 125.0, round_trip_s / 2)))
        return lines[-1]

    yield make
    for line in lines:
        line.close()
