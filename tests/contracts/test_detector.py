"""One suite for every detector: the model and the scripted stub."""

from __future__ import annotations

import pytest

from gateway.detect.model import ModelDetector
from gateway.detect.stub import StubDetector
from gateway.ports import Detector

SERIES = [20.0 + (i % 7) for i in range(200)]


@pytest.fixture(params=["model", "stub"])
def detector(request: pytest.FixtureRequest) -> Detector:
    return ModelDetector() if request.param == "model" else StubDetector([0.25, 0.999])


def test_a_detector_tells_its_version(detector: Detector) -> None:
    assert detector.version


def test_a_score_lies_between_0_and_1(detector: Detector) -> None:
    for _ in range(2):
        score = detector.score(SERIES, interval_s=60.0)
        assert score is not None
        assert 0.0 <= score <= 1.0


def test_nothing_to_say_is_none() -> None:
    assert ModelDetector().score(SERIES[:5], interval_s=60.0) is None
    assert StubDetector().score(SERIES, interval_s=60.0) is None


def test_the_stub_remembers_what_it_was_asked() -> None:
    stub = StubDetector([0.5])
    stub.score([1.0, 2.0], interval_s=30.0)
    assert stub.history == [((1.0, 2.0), 30.0)]


def test_the_window_is_not_changed(detector: Detector) -> None:
    window = list(SERIES)
    detector.score(window, interval_s=60.0)
    assert window == SERIES
