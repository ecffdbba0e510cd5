"""Columns of readings as bytes, without loss: scaled integers, deltas, narrowest width, zlib.

Device readings are decimals and integers, so a column of them is small as integers and their differences (measured:
under one byte a reading, less than half of what float compression needs). What is no decimal is kept as float64.

A frame is zlib(count, then per vector: header and body). Vectors are: per column its series id and flags, then the
instants in ms (columns polled together share one vector), then the values.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MAX_DECIMALS = 9
_EXACT = 2.0**53
_RAW = 0xFF
_HEADER = struct.Struct("<BBI")
_FIRST = struct.Struct("<q")
_WIDTHS: tuple[type[np.unsignedinteger], ...] = (np.uint8, np.uint16, np.uint32, np.uint64)
_LARGEST = tuple(int(np.iinfo(kind).max) for kind in _WIDTHS)
_LEVEL = 6
_MODES = 3
"""0: values as they are, 1: differences, 2: differences of differences."""


@dataclass(frozen=True, slots=True)
class Column:
    """One series in a frame: instants in whole ms since the epoch and values (of words: their numbers)."""

    series: int
    times: Ints
    values: Floats
    words: bool = False


def encode(columns: Sequence[Column]) -> bytes:
    """The columns as one compressed frame. Raises ``ValueError`` for NaN and infinity: they are no readings."""
    shared: dict[bytes, int] = {}
    vectors: list[bytes] = []
    heads: list[int] = []
    for column in columns:
        if len(column.times) != len(column.values):
            raise ValueError(f"series {column.series}: {len(column.times)} instants, {len(column.values)} values")
        if not np.isfinite(column.values).all():
            raise ValueError(f"series {column.series}: not a finite number")
        number = shared.setdefault(column.times.astype("<i8").tobytes(), len(shared))
        heads += [column.series, number * 2 + column.words]
    vectors += [_put_ints(np.array(heads[start::2], np.int64)) for start in (0, 1)]
    vectors += [_put_ints(np.frombuffer(times, "<i8").astype(np.int64)) for times in shared]
    vectors += [_put_floats(column.values) for column in columns]
    return zlib.compress(struct.pack("<II", len(columns), len(shared)) + b"".join(vectors), _LEVEL)


def decode(frame: bytes, *, only: frozenset[int] | None = None) -> list[Column]:
    """The columns of a frame; with ``only`` those of these series. The bytes must have passed their checksum."""
    data = zlib.decompress(frame)
    count, times_count = struct.unpack_from("<II", data)
    reader = _Reader(data, 8)
    series, flags = reader.ints(), reader.ints()
    times = [reader.ints() for _ in range(times_count)]
    columns = []
    for index in range(count):
        number = int(series[index])
        if only is not None and number not in only:
            reader.skip()
            continue
        flag = int(flags[index])
        columns.append(Column(number, times[flag >> 1], reader.floats(), bool(flag & 1)))
    return columns


def _zigzag(values: Ints) -> npt.NDArray[np.uint64]:
    """Signed to unsigned with small magnitudes staying small."""
    return ((values << 1) ^ (values >> 63)).view(np.uint64)


def _unzigzag(values: npt.NDArray[np.uint64]) -> Ints:
    return (values >> np.uint64(1)).view(np.int64) ^ -(values & np.uint64(1)).view(np.int64)


def _put_ints(values: Ints, scale: int = 0) -> bytes:
    """Header (mode and scale, width, length), the first value of every difference taken, then the rest.

    Differences of int64 may wrap around; sums wrap back, so this is exact for every int64.
    """
    best: tuple[int, int, list[int], npt.NDArray[np.uint64]] | None = None
    rest, lowest = values, 2**64
    firsts: list[int] = []
    for mode in range(_MODES):
        unsigned = _zigzag(rest)
        top = int(unsigned.max()) if len(unsigned) else 0
        if top < lowest:
            width = next(index for index, largest in enumerate(_LARGEST) if top <= largest)
            best, lowest = (mode, width, list(firsts), unsigned), top
        if top == 0:
            break
        firsts.append(int(rest[0]))
        rest = rest[1:] - rest[:-1]
    assert best is not None  # noqa: S101 - the loop runs at least once
    mode, width, kept, unsigned = best
    head = _HEADER.pack(scale << 4 | mode, width, len(values)) + b"".join(_FIRST.pack(first) for first in kept)
    return head + unsigned.astype(_WIDTHS[width]).astype(f"<u{1 << width}").tobytes()


def _put_floats(values: Floats) -> bytes:
    """As integers times a power of ten where that gives back the very same numbers, else byte-transposed float64."""
    for scale in range(MAX_DECIMALS + 1):
        factor = 10.0**scale
        scaled = np.round(values * factor)
        if (np.abs(scaled) >= _EXACT).any():
            break
        if (scaled / factor == values).all():
            return _put_ints(scaled.astype(np.int64), scale)
    raw = np.ascontiguousarray(values.astype("<f8").view(np.uint8).reshape(-1, 8).T)
    return _HEADER.pack(_RAW, 0, len(values)) + raw.tobytes()


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at

    def _head(self) -> tuple[int, int, int]:
        head = _HEADER.unpack_from(self.data, self.at)
        self.at += _HEADER.size
        return head

    def _array(self, kind: str, count: int) -> npt.NDArray[np.generic]:
        array: npt.NDArray[np.generic] = np.frombuffer(self.data, kind, count, self.at)
        self.at += array.nbytes
        return array

    def skip(self) -> None:
        """Passes over one vector."""
        tag, width, length = self._head()
        mode = 0 if tag == _RAW else tag & 15
        self.at += 8 * length if tag == _RAW else 8 * mode + (max(length - mode, 0) << width)

    def ints(self) -> Ints:
        """A vector of integers."""
        tag, width, length = self._head()
        return self._ints(tag & 15, width, length)

    def _ints(self, mode: int, width: int, length: int) -> Ints:
        firsts = [_FIRST.unpack_from(self.data, self.at + 8 * index)[0] for index in range(mode)]
        self.at += 8 * mode
        values = _unzigzag(self._array(f"<u{1 << width}", max(length - mode, 0)).astype(np.uint64))
        for first in reversed(firsts):
            values = np.cumsum(np.concatenate([np.array([first], np.int64), values]), dtype=np.int64)
        return values[:length]

    def floats(self) -> Floats:
        """A vector of values."""
        tag, width, length = self._head()
        if tag == _RAW:
            raw = self._array("u1", 8 * length).reshape(8, length)
            return np.ascontiguousarray(raw.T).view("<f8").reshape(length).astype(np.float64)
        return self._ints(tag & 15, width, length) / 10.0 ** (tag >> 4)
