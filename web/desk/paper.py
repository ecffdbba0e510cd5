"""A report as a sheet of A4 and as the text of a letter."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from gateway.core.reports.document import Report


@cache
def _templates() -> Environment:
    folder = Path(__file__).parent / "templates"
    return Environment(loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def sheet(report: Report, brand: str) -> str:
    """The report as a complete HTML document for paper; it loads nothing."""
    return _templates().get_template("desk/paper.html").render(r=report, brand=brand)


def letter(report: Report, url: str) -> str:
    """The report in plain text: the essence, the four figures, where the rest is."""
    lines = [f"{report.title}, {report.period}", ""]
    lines += [*report.because, ""] if report.because else []
    lines += [*report.essence, ""]
    colon = " : " if report.language == "fr" else ": "
    lines += [f"{one.name}{colon}{one.value} ({one.word})" for one in report.tiles]
    for section in report.sections:
        lines += ["", section.title, *(f"- {line}" for line in section.lines)]
    lines += ["", *report.foot, "", f"{url.rstrip('/')}/report/{report.id}"]
    return "\n".join(lines) + "\n"


def file_name(report: Report) -> str:
    """vigie-2026-W47-fr.pdf"""
    version = f"-v{report.version}" if report.version > 1 else ""
    return f"vigie-{report.id}{version}-{report.language}.pdf"
