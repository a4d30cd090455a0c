"""The plan of the house holds: imports point one way, rooms stay small, and each library stays in its room."""

import ast
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from words import LANGUAGES, read_texts

ROOT = Path(__file__).parent.parent
ORDER = ["words", "geodata", "access", "register", "door", "risk", "dashboard", "commands", "app"]
MODULES = [path for package in ORDER[:-1] for path in sorted((ROOT / package).rglob("*.py"))] + [ROOT / "app.py"]
# The doors of ``python -m``: they import their command inside `main`, and nothing else does.
DOORS = {"geodata/__main__.py", "risk/__main__.py", "register/__main__.py"}


@cache
def imported(path: Path) -> frozenset[str]:
    """Return every module that a file imports, with what it takes from it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def package(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def arrows() -> Iterator[tuple[Path, str]]:
    """Yield every import of our own packages: the file, and the module that it names."""
    for path in MODULES:
        for name in imported(path):
            if name.split(".")[0] in ORDER:
                yield path, name


def test_an_import_only_points_left() -> None:
    wrong = {
        (relative(path), name)
        for path, name in arrows()
        if ORDER.index(name.split(".")[0]) > ORDER.index(package(path)) and relative(path) not in DOORS
    }
    assert wrong == set()


def test_no_circle_of_files() -> None:
    names = {relative(path)[:-3].replace("/", ".").removesuffix(".__init__"): path for path in MODULES}
    graph = {
        name: {other for other in imported(path) if other in names and other != name} for name, path in names.items()
    }
    while free := {
        name
        for name, needed in graph.items()
        if not needed & graph.keys() or not any(name in n for n in graph.values())
    }:
        for name in free:
            del graph[name]
    assert not sorted(graph)


def test_libraries_stay_in_their_rooms() -> None:
    for path in MODULES:
        tops = {name.split(".")[0] for name in imported(path)}
        where = relative(path)
        if package(path) not in ("dashboard", "app"):
            assert not tops & {"streamlit", "folium"}, where
        if not where.startswith("geodata/sources/"):
            assert not tops & {"cbsodata", "requests", "httpx", "urllib3", "socket"}, where
        if where != "geodata/sources/cbs/odata.py":
            assert "cbsodata" not in tops, where
        assert "urllib.request" not in imported(path), where


def test_the_index_is_pure() -> None:
    for path in sorted((ROOT / "risk" / "index").glob("*.py")):
        tops = {name.split(".")[0] for name in imported(path)}
        assert not tops & {"access", "register", "door", "sqlalchemy", "streamlit"}, relative(path)
        assert not any(name.startswith("geodata.snapshots") for name in imported(path)), relative(path)


# Our own style sheet and script stand in these pages as they are; Streamlit's Markdown is escaped by hand.
_AS_THEY_ARE = {"dashboard/map/folium_map.py", "dashboard/shell/frame.py"}


def test_markup_is_filled_in_and_never_glued() -> None:
    """`markupsafe.Markup` escapes what is filled in; an f-string with a tag, or an escape by hand, can be forgotten."""
    for path in MODULES:
        where = relative(path)
        if not where.startswith(("dashboard/", "risk/report/")) or where in _AS_THEY_ARE:
            continue
        assert "html" not in imported(path), where
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                fixed = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
                assert not re.search(r"</?[a-z]", fixed), f"{where}:{node.lineno}"
            elif isinstance(node, ast.Attribute) and node.attr == "html":
                assert where == "dashboard/shell/markup.py", f"{where}:{node.lineno}: use `show`"


def test_a_room_holds_sixteen_files_at_most() -> None:
    files = Counter(relative(path.parent) for path in MODULES if path.name not in ("__init__.py", "__main__.py"))
    assert {room: n for room, n in files.items() if n > 16} == {}


def test_nothing_is_public_without_a_user() -> None:
    uses, made = set(), set()
    for path in [*MODULES, *sorted((ROOT / "tools").rglob("*.py"))]:
        tree = ast.parse(path.read_text("utf-8"))
        if path in MODULES and "migrations" not in path.parts:
            for node in tree.body:
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                    made.add((relative(path), node.name))
                elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                    made |= {(relative(path), one.id) for one in targets if isinstance(one, ast.Name)}
        for part in ast.walk(tree):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load):
                uses.add(part.id)
            elif isinstance(part, ast.Attribute):
                uses.add(part.attr)
            elif isinstance(part, ast.Constant) and isinstance(part.value, str):
                uses.add(part.value)
    for book in (ROOT / "notebooks").glob("*.ipynb"):  # they show what they call
        code = (cell for cell in json.loads(book.read_text("utf-8"))["cells"] if cell["cell_type"] == "code")
        uses |= {name for cell in code for name in re.findall(r"\w+", "".join(cell["source"]))}
    lonely = {f"{path} {name}" for path, name in made if not name.startswith("_") and name not in uses}
    assert lonely == set(), "call it, or take it out"


def public_functions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the public functions of a module, and the public methods of its public classes."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node.body)
        elif (
            isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            and not node.name.startswith("_")
            and "overload" not in map(ast.unparse, node.decorator_list)  # the function itself tells
        ):
            yield node


def test_what_takes_three_arguments_or_more_says_what_they_are() -> None:
    silent = set()
    for path in MODULES:
        for node in public_functions(ast.parse(path.read_text("utf-8")).body):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            taken = [one.arg for one in arguments if one.arg not in ("self", "cls")]
            told = ast.get_docstring(node) or ""
            if len(taken) >= 3 and not re.search(
                r"^Parameters\n-{10}\n|[Pp]arameters (as|and errors)\b", told, re.MULTILINE
            ):
                silent.add(f"{relative(path)} {node.name}")
    assert silent == set(), "write a section Parameters, or say whose parameters they are"


def test_the_web_door_is_short() -> None:
    assert len((ROOT / "app.py").read_text("utf-8").splitlines()) < 80


def test_every_text_stands_in_both_languages() -> None:
    dutch, english = (read_texts(language) for language in LANGUAGES)
    assert dutch.names() == {name for name in english.names() if not name.startswith("command.")}  # they speak English
    for name in dutch.names():
        # a value that decides the words around it, as in {n:row|rows}, may be named more than once
        fields = [sorted(set(re.findall(r"{(\w+)", texts._entries[name]))) for texts in (dutch, english)]
        # The Dutch of an error may name fewer of its values.
        assert fields[0] == fields[1] or (name.startswith("problem.") and set(fields[0]) <= set(fields[1])), name


def test_every_package_is_pinned_and_locked_with_its_hashes() -> None:
    for path in ROOT.glob("requirements*.in"):
        lines = (line.split("#")[0].strip() for line in path.read_text("utf-8").splitlines())
        wanted = [line for line in lines if line and not line.startswith("-r ")]
        assert [line for line in wanted if not re.fullmatch(r"[A-Za-z0-9_.\[\]-]+==[\w.]+", line)] == []
        locked = path.with_suffix(".txt").read_text("utf-8").replace("\\\n", " ").splitlines()
        entries = [line for line in locked if line and not line.startswith("#")]
        assert all(re.match(r"\S+==\S+ .*--hash=sha256:", line) for line in entries), path
        names = {re.sub(r"\[.*?\]", "", entry.split()[0]).lower().replace("_", "-") for entry in entries}
        assert {re.sub(r"\[.*?\]", "", line).lower().replace("_", "-") for line in wanted} <= names, "make lock"


def test_a_wheel_holds_every_file_that_the_packages_read() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    patterns = setup["package-data"]["*"]
    files = [path for package in ORDER[:-1] for path in (ROOT / package).rglob("*.*") if path.is_file()]
    forgotten = [path for path in files if path.suffix not in (".py", ".pyc") and f"*{path.suffix}" not in patterns]
    assert forgotten == []
    assert {name.rstrip("*") for name in setup["packages"]["find"]["include"]} == set(ORDER[:-1])


def test_streamlit_listens_on_this_machine_only() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert settings["server"]["address"] == "127.0.0.1"
    assert settings["browser"]["gatherUsageStats"] is False


def test_what_a_role_may_do_is_asked_of_one_table() -> None:
    """No module compares a role: `access.rights` holds what each may read and do, and `access.viewer.may` asks it."""
    comparing = re.compile(r"\.role\s*(==|!=|in\b|not in\b)")
    found = [
        relative(path)
        for path in MODULES
        if not relative(path).startswith("access/") and comparing.search(path.read_text("utf-8"))
    ]
    assert found == []


def test_every_choice_is_one_of_its_options() -> None:
    """Only `dashboard.shell.choices` draws Streamlit's boxes: it ends the run when the answer is no option."""
    boxes = re.compile(r"\.(selectbox|radio|segmented_control|pills|multiselect|select_slider)\(")
    found = [relative(path) for path in MODULES if boxes.search(path.read_text("utf-8"))]
    assert found == []
