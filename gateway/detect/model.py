"""The anomaly model: one onnxruntime session on one thread, and the calibration that makes its output a score.

A model is two files side by side: ``NAME.onnx`` and ``NAME.json`` (version, checksum, calibration, measured figures).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.core.errors import DamagedError, VigieError
from gateway.detect.features import FEATURES, features, latest

SHIPPED = Path(__file__).with_name("model.onnx")


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Logits of normal data: ``quantiles`` at equal steps from 0 to ``tail_from``, then an exponential tail whose mean
    excess is ``tail_scale``."""

    quantiles: tuple[float, ...]
    tail_from: float
    tail_scale: float

    def score(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Share of normal data with a lower logit, in [0, 1]; beyond the last quantile the tail goes on, so that rare
        and very rare are told apart."""
        known = np.asarray(self.quantiles)
        body = np.interp(logits, known, np.linspace(0.0, self.tail_from, len(known)))
        excess = np.maximum(logits - known[-1], 0.0)
        tail = 1.0 - (1.0 - self.tail_from) * np.exp(-excess / self.tail_scale)
        return np.asarray(np.where(excess > 0.0, tail, body))


class Card(msgspec.Struct, frozen=True):
    """What ``NAME.json`` tells about a model."""

    version: str
    sha256: str
    features: int
    calibration: Calibration
    measured: dict[str, float]


class ModelDetector:
    """The model at ``path`` (``None``: the one that is shipped).

    Raises `DamagedError` where the file is not the one its card describes, `VigieError` where it cannot be used.
    """

    def __init__(self, path: Path | None = None) -> None:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as state

        self._path = path or SHIPPED
        self.card, content = _read(self._path)
        self.version = self.card.version
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except (
            state.Fail,
            state.InvalidArgument,
            state.InvalidGraph,
            state.InvalidProtobuf,
            state.NotImplemented,
        ) as error:
            raise VigieError(
                f"{self._path}: onnxruntime cannot load this model", remedy="use a model of this project"
            ) from error
        self._input = self._session.get_inputs()[0].name

    def score(self, window: Sequence[float], *, interval_s: float) -> float | None:
        """Score in [0, 1) of the newest value; ``None`` while there are fewer than 64 finite values."""
        return self.scores([window], interval_s=interval_s)[0]

    def scores(self, windows: Sequence[Sequence[float]], *, interval_s: float) -> list[float | None]:
        """Scores of several series sampled alike, in one run of the session: much cheaper than one by one."""
        given = [latest(window) for window in windows]
        rows = [window for window in given if window is not None]
        if not rows:
            return [None] * len(given)
        logits = self.logits(features(np.stack(rows), np.full(len(rows), float(interval_s))))
        found = iter(self.card.calibration.score(logits).tolist())
        return [None if window is None else next(found) for window in given]

    def logits(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the network says of rows of features, not calibrated."""
        (output,) = self._session.run(None, {self._input: rows})
        return np.asarray(output, np.float32)[:, 0]


def _read(path: Path) -> tuple[Card, bytes]:
    remedy = "install the model again"
    card_path = path.with_suffix(".json")
    try:
        content, text = path.read_bytes(), card_path.read_bytes()
    except OSError as error:
        raise VigieError(f"{error.filename}: the model cannot be read ({error.strerror})", remedy=remedy) from error
    try:
        card = msgspec.json.decode(text, type=Card)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DamagedError(f"{card_path}: not the card of a model ({error})", remedy=remedy) from error
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise DamagedError(f"{path}: the model does not match the checksum in {card_path.name}", remedy=remedy)
    if card.features != FEATURES:
        raise VigieError(
            f"{path}: made for {card.features} features, this version gives {FEATURES}",
            remedy="use a model of this version",
        )
    return card, content
