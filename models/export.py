#!/usr/bin/env python
"""Makes the shipped anomaly model: trains a small network on synthetic telemetry, quantises it to int8, calibrates it
on normal data and writes model.onnx and model.json. Same seed, same machine: same files.

    .venv/bin/python models/export.py [--out gateway/detect] [--steps 1500]
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import logging
import os
import tempfile
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy: threads would change the order of sums, and with it the file

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from telemetry import FAULTS, faulty, normal

from gateway.detect.features import FEATURES, WINDOW, features

VERSION = "synthetic-1"
SEED = 20_251_123
LAYERS = (FEATURES, 48, 24, 1)
TAIL_FROM = 0.99

Weights = list[tuple[NDArray[np.float32], NDArray[np.float32]]]
Batch = NDArray[np.float32]


def examples(random: np.random.Generator, n: int) -> tuple[Batch, Batch]:
    """``n`` rows of features, half of them with a fault, and their labels (n, 1)."""
    windows, interval = normal(random, n // 2)
    bad, bad_interval, _ = faulty(random, n // 2)
    rows = features(np.concatenate([windows, bad]), np.concatenate([interval, bad_interval]))
    return rows, np.repeat(np.float32([[0.0], [1.0]]), n // 2, axis=0)


def forward(weights: Weights, rows: Batch) -> list[Batch]:
    """Activations of every layer, the input first, the logit last."""
    values = [rows]
    for index, (matrix, bias) in enumerate(weights):
        value = values[-1] @ matrix + bias
        values.append(value if index == len(weights) - 1 else np.maximum(value, 0.0))
    return values


def gradients(weights: Weights, values: list[Batch], labels: Batch) -> list[NDArray[np.float32]]:
    """Gradients of the mean cross-entropy, in the order matrix, bias, matrix, bias ..."""
    slope = (1.0 / (1.0 + np.exp(-values[-1])) - labels) / np.float32(len(labels))
    found: list[NDArray[np.float32]] = []
    for (matrix, _), below in zip(reversed(weights), reversed(values[:-1]), strict=True):
        found = [below.T @ slope, slope.sum(axis=0), *found]
        slope = (slope @ matrix.T) * (below > 0.0)
    return found


def train(steps: int) -> Weights:
    """Adam with a cosine schedule on examples made as it goes, so that none is seen twice."""
    random = np.random.default_rng(SEED)
    sizes = itertools.pairwise(LAYERS)
    weights: Weights = [
        (random.normal(0.0, np.sqrt(2.0 / a), (a, b)).astype(np.float32), np.zeros(b, np.float32)) for a, b in sizes
    ]
    flat = [array for layer in weights for array in layer]
    first = [np.zeros_like(array) for array in flat]
    second = [np.zeros_like(array) for array in flat]
    for step in range(1, steps + 1):
        rows, labels = examples(random, 256)
        rate = 0.003 * 0.5 * (1.0 + np.cos(np.pi * step / steps)) + 1e-5
        for array, slope, m, v in zip(
            flat, gradients(weights, forward(weights, rows), labels), first, second, strict=True
        ):
            m += 0.1 * (slope - m)
            v += 0.001 * (slope * slope - v)
            array -= rate * (m / (1.0 - 0.9**step)) / (np.sqrt(v / (1.0 - 0.999**step)) + 1e-8)
    return weights


def graph(weights: Weights) -> onnx.ModelProto:
    """The network as an ONNX model: "features" (n, FEATURES) in, "logit" (n, 1) out."""
    nodes, constants, name = [], [], "features"
    for index, (matrix, bias) in enumerate(weights):
        last = index == len(weights) - 1
        result = "logit" if last else f"layer{index}"
        constants += [numpy_helper.from_array(matrix, f"w{index}"), numpy_helper.from_array(bias, f"b{index}")]
        nodes.append(helper.make_node("Gemm", [name, f"w{index}", f"b{index}"], [result if last else f"{result}_sum"]))
        if not last:
            nodes.append(helper.make_node("Relu", [f"{result}_sum"], [result]))
        name = result
    shape = helper.make_tensor_value_info
    return helper.make_model(
        helper.make_graph(
            nodes,
            "vigie-anomaly",
            [shape("features", TensorProto.FLOAT, ["n", FEATURES])],
            [shape("logit", TensorProto.FLOAT, ["n", 1])],
            constants,
        ),
        producer_name="vigie",
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )


class Rows(CalibrationDataReader):
    """Feeds rows of features to the quantiser."""

    def __init__(self, rows: Batch) -> None:
        self._parts = iter(np.array_split(rows, 8))

    def get_next(self) -> dict[str, Batch] | None:
        """The next part, or ``None`` at the end."""
        part = next(self._parts, None)
        return None if part is None else {"features": part}


def quantised(plain: onnx.ModelProto) -> bytes:
    """The int8 model (static, per channel), calibrated on examples of its own."""
    logging.getLogger().setLevel(logging.ERROR)  # the quantiser advises a shape inference this net does not need
    rows, _ = examples(np.random.default_rng(SEED + 1), 4096)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "plain.onnx"), Path(folder, "int8.onnx")
        source.write_bytes(plain.SerializeToString(deterministic=True))
        quantize_static(
            source,
            target,
            Rows(rows),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
        )
        return target.read_bytes()


def logits(model: bytes, rows: Batch) -> NDArray[np.float64]:
    """Output of a serialised model."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"features": rows})[0], np.float64)[:, 0]


def measure(plain: bytes, int8: bytes) -> dict[str, float]:
    """Figures on synthetic windows that neither training nor calibration saw: the share of faults found at one false
    alarm in a thousand normal windows, for this model, the same before quantisation, and a plain robust z."""
    random = np.random.default_rng(SEED + 3)
    good, good_interval = normal(random, 16_000)
    bad, bad_interval, kind = faulty(random, 8_000)
    rows_good, rows_bad = features(good, good_interval), features(bad, bad_interval)

    def found(good_scores: NDArray[np.floating], bad_scores: NDArray[np.floating]) -> NDArray[np.bool_]:
        return np.asarray(bad_scores > np.quantile(good_scores, 0.999))

    ours = found(logits(int8, rows_good), logits(int8, rows_bad))
    before = found(logits(plain, rows_good), logits(plain, rows_bad))
    simple = found(np.abs(rows_good[:, WINDOW - 1]), np.abs(rows_bad[:, WINDOW - 1]))
    return {
        "recall_at_1_per_1000": round(float(ours.mean()), 4),
        "recall_at_1_per_1000_fp32": round(float(before.mean()), 4),
        "recall_at_1_per_1000_robust_z": round(float(simple.mean()), 4),
        **{f"recall_{fault}": round(float(ours[kind == index].mean()), 4) for index, fault in enumerate(FAULTS)},
        "bytes": float(len(int8)),
        "bytes_fp32": float(len(plain)),
    }


def calibrate(model: bytes) -> dict[str, object]:
    """Quantiles and tail of the logits of normal data."""
    windows, interval = normal(np.random.default_rng(SEED + 2), 40_000)
    found = np.sort(logits(model, features(windows, interval)))
    knots = np.quantile(found, np.linspace(0.0, TAIL_FROM, 100))
    # an int8 output repeats values: interpolation needs strictly rising knots
    knots = knots + np.arange(len(knots)) * 1e-6
    return {
        "quantiles": [round(float(knot), 6) for knot in knots],
        "tail_from": TAIL_FROM,
        "tail_scale": round(float((found[found > knots[-1]] - knots[-1]).mean()), 6),
    }


def main() -> None:
    """Writes model.onnx and model.json into the folder."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "gateway" / "detect")
    parser.add_argument("--steps", type=int, default=1500)
    options = parser.parse_args()
    plain = graph(train(options.steps))
    onnx.checker.check_model(plain)
    int8 = quantised(plain)
    card = {
        "version": VERSION,
        "sha256": hashlib.sha256(int8).hexdigest(),
        "features": FEATURES,
        "calibration": calibrate(int8),
        "measured": measure(plain.SerializeToString(deterministic=True), int8),
    }
    (options.out / "model.onnx").write_bytes(int8)
    (options.out / "model.json").write_text(json.dumps(card, indent=1) + "\n")
    print(json.dumps(card["measured"], indent=1))


if __name__ == "__main__":
    main()
