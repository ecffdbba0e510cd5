"""The habits of the code as tests: who imports whom, how long things may get, and what may not be in the tree."""

from __future__ import annotations

import ast
import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PRODUCT = ("gateway", "web", "models", "scripts")

LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 60
ARGUMENTS = 5
HOME_OF_THE_BLIND_EXCEPT = "gateway/agent/"

PURE = frozenset({
    "__future__", "abc", "bisect", "calendar", "collections", "copy", "dataclasses", "datetime", "decimal",
    "difflib", "enum", "fnmatch", "fractions", "functools", "hashlib", "heapq", "itertools", "json", "math", "operator",
    "re", "statistics", "string", "textwrap", "tomllib", "types", "typing", "unicodedata", "zoneinfo",
})  # fmt: skip
"""What the core may import of the standard library: none does I/O by being used (zoneinfo reads time zones)."""

UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|NotImplemented" + r"Error)\b")
MACHINE_PATHS = re.compile(r"/(?:work|farm|root)/|\.libr" + "ary")
EMPTY_NAMES = re.compile(r"(?:Manager|Helpers?|Utils?)$")


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: str
    text: str
    tree: ast.Module


@dataclass(frozen=True)
class Function:
    """One function, with its length in lines without its docstring."""

    where: str
    lines: int
    arguments: int


def tracked() -> list[str]:
    """Files of the project: those git knows; where there is no git (an archive), all but what is made."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    made = {".venv", "build", "__pycache__"}
    return [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file() and not made & set(p.parts)]


@cache
def texts() -> dict[str, str]:
    """Text of every file of the project that is text."""
    found = {}
    for name in tracked():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content[:8192]:
            found[name] = content.decode(errors="replace")
    return found


@cache
def sources() -> tuple[Source, ...]:
    """The product's Python files, vendored ones left out."""
    shebang = "#!/usr/bin/env python"
    return tuple(
        Source(name, text, ast.parse(text, name))
        for name, text in texts().items()
        if name.split("/")[0] in PRODUCT
        and "/vendor/" not in name
        and (name.endswith(".py") or text.startswith(shebang))
    )


def functions() -> Iterator[Function]:
    for source in sources():
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            first = node.body[0]
            docstring = ast.get_docstring(node) is not None
            doc_lines = (first.end_lineno or first.lineno) - first.lineno + 1 if docstring else 0
            given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            own = [argument for argument in given if argument.arg not in ("self", "cls")]
            lines = (node.end_lineno or node.lineno) - node.lineno + 1 - doc_lines
            commanded = any("click" in ast.unparse(decorator) for decorator in node.decorator_list)
            yield Function(f"{source.path}:{node.lineno} {node.name}", lines, 0 if commanded else len(own))


def imported(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs import-linter with the packages and the configuration that lie in a folder."""
    act = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", act, "--no-cache"]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_everybody_imports_only_what_the_contract_allows() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("gateway/core/check.py", "import sqlite3"),
        ("gateway/core/check.py", "import gateway.clock"),
        ("gateway/collect/reach.py", "import gateway.store.db"),
        ("gateway/agent/loop.py", "import gateway.main.build"),
        ("gateway/agent/loop.py", "import web.common"),
        ("gateway/alert/policy.py", "import gpiozero"),
        ("gateway/newcomer.py", "import gateway.core.check"),
        ("web/site/views.py", "import gateway.collect.reach"),
        ("web/site/views.py", "import web.desk"),
        ("web/desk/views.py", "import gateway.store.db"),
    ],
)
def test_the_contract_refuses_a_wrong_import(tmp_path: Path, module: str, line: str) -> None:
    for package in ("gateway", "web"):
        ignore = shutil.ignore_patterns("__pycache__", "static", "templates", "translations", "schema")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / module).open("a") as file:
        file.write(f"\n{line}\n")
    done = lint_imports(tmp_path)
    refused = [said for said in done.stdout.splitlines() if "BROKEN" in said or "newcomer" in said]
    assert refused, done.stdout[-300:]
    assert done.returncode == 1


def test_the_core_imports_nothing_that_touches_the_world() -> None:
    wrong = [
        f"{source.path}: {name}"
        for source in sources()
        if source.path.startswith("gateway/core/")
        for name in imported(source)
        if name.split(".")[0] not in PURE and not name.startswith("gateway.core")
    ]
    assert wrong == []


def test_the_core_opens_no_file_and_prints_nothing() -> None:
    wrong = [
        f"{source.path}:{node.lineno} {node.func.id}"
        for source in sources()
        if source.path.startswith("gateway/core/")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("open", "print", "input")
    ]
    assert wrong == []


def test_no_file_is_too_long_to_be_read_at_once() -> None:
    names = [name for name in texts() if name.endswith(".py") and "/vendor/" not in name]
    assert [
        f"{name}: {texts()[name].count(chr(10))}" for name in names if texts()[name].count("\n") > LINES_OF_A_FILE
    ] == []


def test_no_function_is_too_long_to_be_seen_at_once() -> None:
    assert [f"{f.where}: {f.lines}" for f in functions() if f.lines > LINES_OF_A_FUNCTION] == []


def test_most_functions_are_short() -> None:
    lengths = [function.lines for function in functions()]
    assert statistics.median(lengths) <= 10
    assert statistics.quantiles(lengths, n=10)[8] <= 30


def test_no_function_takes_more_arguments_than_can_be_remembered() -> None:
    # what click hands to a command is named by its options, not remembered by a caller
    positional = [f"{f.where}: {f.arguments}" for f in functions() if f.arguments > ARGUMENTS]
    allowed = [where for where in positional if _waived(where)]
    assert sorted(set(positional) - set(allowed)) == []


def _waived(where: str) -> bool:
    """True where the line says why more arguments are right (ruff's own mark, with its reason in the code review)."""
    path, _, rest = where.partition(":")
    return "PLR0913" in texts()[path].splitlines()[int(rest.split()[0]) - 1]


def test_there_is_one_blind_except_and_it_is_the_agents() -> None:
    blind = [
        f"{source.path}:{node.lineno}"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
    ]
    assert len(blind) <= 1, blind
    assert all(where.startswith(HOME_OF_THE_BLIND_EXCEPT) for where in blind)


def test_nothing_is_marked_as_unfinished() -> None:
    kinds = (".py", ".html", ".js", ".css", ".sql", ".toml", ".md", ".sh")
    wrong = [
        f"{name}:{number}"
        for name, text in texts().items()
        if name.endswith(kinds) and "/vendor/" not in name
        for number, line in enumerate(text.splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert wrong == []


def test_no_path_of_a_developers_machine_is_in_the_tree() -> None:
    wrong = [name for name, text in texts().items() if MACHINE_PATHS.search(text)]
    assert wrong == []


@pytest.mark.parametrize("level", ["gateway", "desk", "dev"])
def test_requirements_are_locked_by_hash_and_name_no_index(level: str) -> None:
    text = (ROOT / "requirements" / f"{level}.txt").read_text()
    assert "://" not in text
    assert "--index" not in text
    blocks = [block for block in re.split(r"\n(?=\S)", text) if not block.startswith("#")]
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_the_lock_covers_every_dependency() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE))
    locked |= set(re.findall(r"^([a-z0-9._-]+)\[", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE))
    names = {re.split(r"[^A-Za-z0-9._-]", entry)[0].lower().replace("_", "-").replace(".", "-") for entry in wanted}
    assert sorted(names - {name.replace("_", "-").replace(".", "-") for name in locked}) == []


def test_classes_are_named_after_words_of_the_field() -> None:
    wrong = [
        f"{source.path}:{node.lineno} {node.name}"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and EMPTY_NAMES.search(node.name)
    ]
    assert wrong == []


def test_every_public_name_says_what_it_is() -> None:
    wrong = []
    for source in sources():
        scopes: list[ast.Module | ast.ClassDef] = [source.tree]
        if ast.get_docstring(source.tree) is None and source.tree.body:
            wrong.append(source.path)
        while scopes:
            for node in scopes.pop().body:
                if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith(
                    "_"
                ):
                    continue
                if ast.get_docstring(node) is None and not _is_shape(node):
                    wrong.append(f"{source.path}:{node.lineno} {node.name}")
                if isinstance(node, ast.ClassDef):
                    scopes.append(node)
    assert wrong == []


def _is_shape(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """True for `...`: a member of a protocol that names what another library has, explained by the protocol."""
    only = node.body[0] if len(node.body) == 1 else None
    return isinstance(only, ast.Expr) and isinstance(only.value, ast.Constant) and only.value.value is Ellipsis


def test_no_mock_library_is_used() -> None:
    names = [name for name in texts() if name.startswith("tests/") and name.endswith(".py")]
    forbidden = re.compile(r"^\s*(?:from|import) (?:unittest\.mock|mock\b|pytest_mock)", re.MULTILINE)
    assert [name for name in names if forbidden.search(texts()[name])] == []


def test_make_help_names_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    listed = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert targets == set(re.findall(r"^  make ([a-z-]+) +\S", listed, re.MULTILINE))
    assert targets >= {"demo", "test", "setup", "chaos-short", "lint", "help"}


def test_what_make_runs_is_there() -> None:
    called = set(re.findall(r"\bscripts/[a-z]+", (ROOT / "Makefile").read_text()))
    assert sorted(name for name in called if not (ROOT / name).is_file()) == []


def test_ci_runs_all_tests_and_nothing_after_them() -> None:
    script = (ROOT / ".ci" / "run").read_text().strip().splitlines()
    assert script[-1] == "exec make test"
    assert "set -euo pipefail" in script
    recipe = (ROOT / "Makefile").read_text().partition("\ntest:")[2].partition("\n\n")[0].splitlines()
    assert recipe[-1].strip() == "@$(PYTEST) $(ARGS)"
