"""The documentation says what the code does: nothing a user can name is missing, no link is dead, no page is stale."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote

import click
import pytest

from gateway.core.device import Device, Kind, Service
from gateway.core.incident import Cause, Priority, Verdict
from gateway.main.cli import cli

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = sorted(page for page in [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "models").glob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def page(name: str) -> str:
    return (REFERENCE / name).read_text()


def commands() -> list[tuple[str, click.Command]]:
    context = click.Context(cli, info_name="vigie")
    found = [(name, cli.get_command(context, name)) for name in cli.list_commands(context)]
    return [(name, command) for name, command in found if command is not None]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """scripts/reference as a module."""
    loader = SourceFileLoader("reference", str(ROOT / "scripts" / "reference"))
    spec = spec_from_loader("reference", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cli.md", "checks.md", "runbooks.md", "schema.md"])
def test_a_generated_page_is_current(generator: ModuleType, name: str) -> None:
    assert page(name) == generator.PAGES[name](), "run `make docs`"


def test_every_command_and_option_is_documented() -> None:
    text = page("cli.md")
    missing = [name for name, _ in commands() if f"## vigie {name}\n" not in text]
    for name, command in commands():
        for option in command.params:
            missing += [f"{name} {flag}" for flag in option.opts if flag.startswith("--") and flag not in text]
    assert missing == []


def test_every_command_and_option_has_help() -> None:
    bare = [name for name, command in commands() if not command.help]
    for name, command in commands():
        options = [option for option in command.params if isinstance(option, click.Option)]
        bare += [f"{name} {option.opts[0]}" for option in options if not option.help]
    assert bare == []


def asked_keys(*files: Path) -> set[str]:
    """Every key that the readers of a settings file ask a table for."""
    readers = {
        "text",
        "optional_text",
        "required",
        "boolean",
        "integer",
        "number",
        "duration",
        "day",
        "choice",
        "texts",
    }
    readers |= {"table", "tables", "raw", "_choices", "_identifier", "_address"}
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in readers or name.startswith("read_"):
                texts = [
                    one.value for one in node.args[:2] if isinstance(one, ast.Constant) and isinstance(one.value, str)
                ]
                found |= set(texts[:1])
    return found


def test_every_setting_is_documented() -> None:
    settings = ROOT / "gateway" / "settings"
    keys = asked_keys(*settings.glob("*.py"), ROOT / "web" / "desk" / "settings.py")
    assert {"community", "keepalive", "holidays", "concurrency", "host_names"} <= keys, (
        "the search finds nothing any more"
    )
    text = page("settings.md") + page("desk-toml.md")
    missing = sorted(key for key in keys if not re.search(rf"[`.\[{{ ]{re.escape(key)}[`.,\]}} ]", text))
    assert missing == []


def test_every_key_of_the_inventory_is_documented() -> None:
    text = page("inventory.md")
    keys = asked_keys(ROOT / "gateway" / "store" / "inventory_form.py")
    assert {"parent", "power", "criticality", "depends_on"} <= keys
    fields = {name for kind in (Device, Service) for name in kind.__dataclass_fields__ if not name.endswith("_s")}
    missing = sorted(key for key in keys | fields if not re.search(rf"\b{re.escape(key)}\b", text))
    assert missing == []
    assert [kind for kind in Kind if kind is not Kind.GATEWAY and f"`{kind}`" not in text] == []


def test_every_cause_priority_and_verdict_is_documented() -> None:
    text = page("causes.md")
    assert [cause for cause in Cause if f"`{cause}`" not in text] == []
    assert [priority for priority in Priority if f"**{priority}**" not in text] == []
    everything = "\n".join(one.read_text() for one in REFERENCE.glob("*.md"))
    assert [verdict for verdict in Verdict if not re.search(rf"\b{verdict}\b", everything)] == []


def test_every_profile_is_documented() -> None:
    text = page("profiles.md")
    profiles = sorted((ROOT / "gateway" / "profiles").glob("*.toml"))
    assert profiles
    assert [profile.stem for profile in profiles if f"`{profile.stem}`" not in text] == []


def test_every_environment_variable_is_documented() -> None:
    sources = "\n".join(
        file.read_text() for folder in ("gateway", "web") for file in sorted((ROOT / folder).rglob("*.py"))
    )
    named = set(re.findall(r"""["'](VIGIE_[A-Z_]+)["']""", sources))
    text = "\n".join(one.read_text() for one in REFERENCE.glob("*.md"))
    assert sorted(name for name in named if name not in text) == []


def routes() -> set[str]:
    """Every route that a page of the product answers, as it is written in the code."""
    written = re.compile(r"""(?:\.(?:get|post|route)\(|add_url_rule\(|^\s*\(\s*)f?["'](/[^"']*)["']""", re.MULTILINE)
    files = [file for folder in ("site", "desk", "common") for file in (ROOT / "web" / folder).rglob("*.py")]
    return {route for file in files if file.name != "__init__.py" for route in written.findall(file.read_text())}


def test_every_http_route_is_documented() -> None:
    found = {re.sub(r"<[^>]*>", "<>", route) for route in routes()}
    assert {"/healthz", "/", "/incidents/<>"} <= found
    written = re.findall(r"(/[\w/.<>-]*)", re.sub(r"<[^>|]*>", "<>", page("http.md")))
    documented = set(written) | {route.removeprefix("/api/v1") for route in written}
    assert sorted(found - documented) == []


def anchors(text: str) -> set[str]:
    kept = (re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()) for heading in HEADING.findall(text))
    return {heading.strip().replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("source", PAGES, ids=lambda one: str(one.relative_to(ROOT)))
def test_every_link_leads_somewhere(source: Path) -> None:
    dead = []
    for target in LINK.findall(re.sub(r"```.*?```", "", source.read_text(), flags=re.DOTALL)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (source.parent / path).resolve() if path else source
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file.read_text())):
            dead.append(target)
    assert dead == []


def test_the_index_leads_to_every_page() -> None:
    linked = {
        (DOCS / unquote(target.partition("#")[0])).resolve()
        for target in LINK.findall((DOCS / "README.md").read_text())
    }
    decisions = set((DOCS / "decisions").glob("*.md"))
    unlinked = [one for one in PAGES if DOCS in one.parents and one not in linked | decisions | {DOCS / "README.md"}]
    assert [str(one.relative_to(DOCS)) for one in unlinked] == []


def test_every_decision_has_a_status_and_stands_in_the_list() -> None:
    listed = (DOCS / "decisions" / "README.md").read_text()
    pages = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    assert [one.name[:4] for one in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    assert [one.name for one in pages if f"({one.name})" not in listed] == []
    assert [
        one.name for one in pages if not re.search(r"^Status: (accepted|replaced)", one.read_text(), re.MULTILINE)
    ] == []


def test_the_readme_names_the_two_commands_and_shows_the_product() -> None:
    text = (ROOT / "README.md").read_text()
    assert "make demo" in text
    assert "make test" in text
    pictures = re.findall(r"docs/images/[\w.-]+", text)
    assert len(set(pictures)) >= 3
    assert [picture for picture in pictures if not (ROOT / picture).is_file()] == []


def test_the_changelog_has_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"\n## {version} " in (ROOT / "CHANGELOG.md").read_text()


def test_documented_paths_exist() -> None:
    path = re.compile(r"`((?:gateway|web|tests|scripts|deploy|models|docs)/[\w./*-]+)`")
    named = [(source, name) for source in PAGES for name in path.findall(source.read_text())]
    missing = [f"{source.relative_to(ROOT)}: {name}" for source, name in named if not list(ROOT.glob(name.rstrip("/")))]
    assert missing == []


def test_the_first_site_of_the_tutorial_is_in_order(tmp_path: Path) -> None:
    text = (DOCS / "start" / "first-site.md").read_text()
    site, inventory = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "site.toml").write_text(site)
    (tmp_path / "inventory.toml").write_text(inventory)
    (tmp_path / "community").write_text("public")
    from click.testing import CliRunner

    result = CliRunner().invoke(cli, ["check", "--config", str(tmp_path / "site.toml")])
    assert result.exit_code == 0, result.output
