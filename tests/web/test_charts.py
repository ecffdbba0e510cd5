"""Server-made pictures: no inline style, no peak lost, gaps seen."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from web.common.charts import Chart, gauge, line_chart, scale, strip, thin
from web.common.states import State

NUMBERS = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False)


def svg(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own output


def drawn(chart: Chart) -> str:
    return str(line_chart(chart, value=lambda value: f"{value:g} V", time=lambda at: f"{at:g}"))


def test_strip_tells_its_states_by_height_and_in_words() -> None:
    picture = strip([State.OK] * 22 + [State.DOWN, State.UNKNOWN], "en panne <1 h>")
    root = svg(picture)
    assert root.get("aria-label") == "en panne <1 h>"
    assert [part.get("class") for part in root] == ["s-ok", "s-down", "s-unknown"]
    assert "style" not in picture


def test_gauge_never_leaves_its_frame() -> None:
    for share in (-1.0, 0.0, 0.5, 1.7):
        width = float(svg(gauge(share, label="x"))[1].get("width", ""))
        assert 0 <= width <= 200


def test_line_breaks_where_measurements_are_missing() -> None:
    points = [(0.0, 1.0), (60.0, 2.0), (5000.0, 1.0), (5060.0, 2.0)]
    path = re.search(r'c-line" d="([^"]+)"', drawn(Chart("t", points, 0, 6000, gap_s=300)))
    assert path is not None
    assert path[1].count("M") == 2


def test_a_band_lies_within_the_axis_and_breaks_where_measurements_are_missing() -> None:
    band = [(0.0, 0.0, 5.0), (60.0, -3.0, 9.0), (5000.0, 1.0, 2.0), (5060.0, 1.0, 2.0)]
    picture = drawn(Chart("t", [(0.0, 1.0)], 0, 6000, gap_s=300, band=band))
    shapes = re.findall(r'c-band" d="([^"]+)"', picture)
    assert len(shapes) == 2
    assert all(shape.endswith("Z") for shape in shapes)
    heights = [float(y) for shape in shapes for y in re.findall(r"[ML][\d.]+ ([\d.-]+)", shape)]
    assert min(heights) >= 0
    assert max(heights) <= 270


def test_long_labels_of_the_axis_have_room() -> None:
    wide = Chart("t", [(0.0, 1.0), (60.0, 2.0)], 0, 60)
    picture = str(line_chart(wide, value=lambda value: f"{value:g} megabits", time=lambda at: f"{at:g}"))
    anchor = re.search(r'<text x="(\d+)" y="[^"]+" text-anchor="end">([^<]+)<', picture)
    assert anchor is not None
    assert int(anchor[1]) >= 10 * len(anchor[2])


def test_chart_says_its_title_and_draws_limits() -> None:
    picture = drawn(Chart('A & "B"', [(0.0, 20.0), (60.0, 30.0)], 0, 60, limits=[45.0]))
    root = svg(picture)
    assert root.get("aria-label") == 'A & "B"'
    assert picture.count("c-limit") == 1
    assert root.get("direction") == "ltr"


def test_chart_of_one_constant_value_has_an_axis() -> None:
    assert drawn(Chart("t", [(0.0, 223.0), (60.0, 223.0)], 0, 60)).count("c-grid") >= 2


@given(st.lists(NUMBERS, min_size=1, max_size=50))
def test_scale_covers_the_values_with_few_round_ticks(values: list[float]) -> None:
    ticks = scale(values)
    assert 2 <= len(ticks) <= 7
    assert ticks == sorted(ticks)
    slack = 1e-6 * max(1.0, abs(ticks[0]), abs(ticks[-1]))
    assert ticks[0] <= min(values) + slack
    assert ticks[-1] >= max(values) - slack


@given(st.lists(NUMBERS, min_size=1, max_size=2000))
def test_thinning_keeps_the_extremes_and_the_order(values: list[float]) -> None:
    points = [(float(index), value) for index, value in enumerate(values)]
    kept = thin(points, 240)
    assert len(kept) <= 242
    assert kept == sorted(kept)
    assert {min(values), max(values)} <= {value for _, value in kept}
