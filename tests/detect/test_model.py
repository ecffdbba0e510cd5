"""The shipped model: what it says of plain cases, its calibration, and what happens to a damaged file."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.errors import DamagedError, VigieError
from gateway.detect.features import FEATURES, WINDOW
from gateway.detect.model import SHIPPED, Calibration, ModelDetector

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def detector() -> ModelDetector:
    return ModelDetector()


@pytest.fixture(scope="module")
def series() -> list[float]:
    random = np.random.default_rng(7)
    return (40.0 + random.normal(0.0, 1.5, 400)).tolist()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for suffix in (".onnx", ".json"):
        shutil.copy(SHIPPED.with_suffix(suffix), tmp_path)
    return tmp_path / SHIPPED.name


def test_noise_scores_lower_than_a_spike_a_shift_and_a_drop(detector: ModelDetector, series: list[float]) -> None:
    usual = detector.score(series, interval_s=60.0)
    assert usual is not None
    assert usual < 0.99
    for fault in ([*series, 75.0], [*series, 56.0, 55.0, 56.0], [*series, 0.0]):
        score = detector.score(fault, interval_s=60.0)
        assert score is not None
        assert score > 0.99


def test_normal_noise_seldom_scores_high(detector: ModelDetector, series: list[float]) -> None:
    scores = detector.scores([series[i : i + WINDOW] for i in range(300)], interval_s=60.0)
    assert sum(score is not None and score > 0.99 for score in scores) <= 9


def test_a_series_that_never_changes_is_not_unusual(detector: ModelDetector) -> None:
    score = detector.score([1.0] * 100, interval_s=60.0)
    assert score is not None
    assert score < 0.99


def test_many_series_at_once_score_as_one_by_one(detector: ModelDetector, series: list[float]) -> None:
    windows = [series[:10], series[:100], [*series, 99.0]]
    assert detector.scores(windows, interval_s=60.0) == pytest.approx(
        [detector.score(window, interval_s=60.0) for window in windows], abs=1e-6
    )


def test_the_score_depends_on_nothing_but_the_newest_values(detector: ModelDetector, series: list[float]) -> None:
    assert detector.score(series, interval_s=60.0) == detector.score([1e6] * 50 + series[-WINDOW:], interval_s=60.0)


@given(st.floats(-40.0, 40.0), st.floats(0.01, 40.0))
def test_a_higher_logit_never_scores_lower_and_the_top_is_told_apart(logit: float, more: float) -> None:
    calibration = Calibration((-5.0, -2.0, 0.0), 0.99, 3.0)
    low, high = calibration.score(np.array([logit, logit + more]))
    assert 0.0 <= low <= high <= 1.0
    if logit > 0.0:
        assert low < high < 1.0


def test_the_last_quantile_scores_what_it_stands_for() -> None:
    assert Calibration((-5.0, -2.0, 0.0), 0.99, 3.0).score(np.array([0.0, -5.0])) == pytest.approx([0.99, 0.0])


def test_a_changed_model_is_refused(copy: Path) -> None:
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    with pytest.raises(
        DamagedError, match=r"model\.onnx: the model does not match the checksum.*install the model again"
    ):
        ModelDetector(copy)


def test_a_damaged_card_is_refused(copy: Path) -> None:
    copy.with_suffix(".json").write_text('{"version": 1')
    with pytest.raises(DamagedError, match=r"model\.json: not the card of a model"):
        ModelDetector(copy)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(VigieError, match=r"none\.onnx: the model cannot be read"):
        ModelDetector(tmp_path / "none.onnx")


def _reworded(copy: Path, **facts: object) -> None:
    card = json.loads(copy.with_suffix(".json").read_text())
    copy.with_suffix(".json").write_text(json.dumps(card | facts))


def test_a_model_of_other_features_is_refused(copy: Path) -> None:
    _reworded(copy, features=FEATURES + 1)
    with pytest.raises(VigieError, match=r"made for 131 features"):
        ModelDetector(copy)


def test_a_file_that_is_no_model_is_refused_even_with_the_right_checksum(copy: Path) -> None:
    copy.write_bytes(b"not a model")
    _reworded(copy, sha256=hashlib.sha256(b"not a model").hexdigest())
    with pytest.raises(VigieError, match="onnxruntime cannot load this model"):
        ModelDetector(copy)


def test_the_card_admits_what_quantisation_costs(detector: ModelDetector) -> None:
    measured = detector.card.measured
    assert measured["recall_at_1_per_1000"] > measured["recall_at_1_per_1000_robust_z"]
    assert abs(measured["recall_at_1_per_1000"] - measured["recall_at_1_per_1000_fp32"]) < 0.03
    assert measured["bytes"] == SHIPPED.stat().st_size < 100_000


def test_the_model_card_tells_the_measured_figures(detector: ModelDetector) -> None:
    text = (ROOT / "models" / "MODEL_CARD.md").read_text()
    measured = detector.card.measured
    kinds = " / ".join(f"{measured[f'recall_{kind}']:.2f}" for kind in ("spike", "shift", "ramp", "burst", "drop"))
    assert f"| this model (int8) | {measured['recall_at_1_per_1000']:.2f} |" in text
    assert f"kB) | {measured['recall_at_1_per_1000_fp32']:.2f} |" in text
    assert f"alone | {measured['recall_at_1_per_1000_robust_z']:.2f} |" in text
    assert kinds in text
    assert f"`{detector.version}`" in text


def test_the_script_makes_the_shipped_model_again(detector: ModelDetector, tmp_path: Path) -> None:
    command = [sys.executable, "models/export.py", "--out", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=240)
    again = ModelDetector(tmp_path / SHIPPED.name)
    # the same bytes on the same kind of machine; elsewhere sums round differently, and the model must still agree
    rows = np.random.default_rng(1).normal(0.0, 1.5, (2000, FEATURES)).astype(np.float32)
    assert np.corrcoef(again.logits(rows), detector.logits(rows))[0, 1] > 0.97
    assert again.card.measured == pytest.approx(detector.card.measured, abs=0.05)
