"""The student repository is complete, stands alone, and answers no exercise."""

import ast
import io
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import tokenize

import nbformat
import pytest

from autograder.building import release
from autograder.building.sources import COURSE, cells, stems

REPO = "teacher/students-of-2026"


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return release.release(tmp_path_factory.mktemp("release") / "students", REPO)


def texts(repository):
    """Text of every file of the repository but the pretrained weights, notebooks as the text of their cells."""
    found = {}
    for path in sorted(path for path in repository.rglob("*") if path.is_file() and path.suffix != ".pt"):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            text = "\n".join(cell.source for cell in nbformat.reads(text, as_version=4).cells)
        found[path.relative_to(repository).as_posix()] = text
    return found


def code_lines(text):
    """Lines of code as the tokenizer sees them: without comments, docstrings, blank lines and spacing."""
    try:
        tree = ast.parse(text)
    except SyntaxError:  # prose, or a notebook with magics
        return [" ".join(line.split("#")[0].split()) for line in text.splitlines() if line.split("#")[0].strip()]
    docstrings = {
        number
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for number in range(node.lineno, node.end_lineno + 1)
    }
    lines = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.string.strip() and token.type != tokenize.COMMENT and token.start[0] not in docstrings:
            lines.setdefault(token.start[0], []).append(token.string)
    return [" ".join(lines[number]) for number in sorted(lines)]


def windows(text, size):
    lines = code_lines(text)
    return {tuple(lines[start : start + size]) for start in range(len(lines) - size + 1)}


def regions(begin, end):
    """Text of every marked region of the text sources, dedented, with the notebook it is from."""
    for stem in stems():
        for cell in cells(stem):
            for found in re.finditer(rf"^ *### {begin}\n(.*?)^ *### {end}$", cell.text, re.M | re.S):
                yield stem, textwrap.dedent(found[1])


def test_repository_is_complete(repository):
    names = set(texts(repository))
    assert {"README.md", "LICENSE", "pyproject.toml", "constraints.txt", "environment.yml", ".gitignore", "helpers/__init__.py"} <= names
    assert {f"notebooks/{stem}.ipynb" for stem in stems()} <= names
    assert {name.split("/")[0] for name in names} == {"README.md", "LICENSE", "pyproject.toml", "constraints.txt", "environment.yml", ".gitignore", "helpers", "notebooks"}
    assert all(name.endswith((".py", ".ipynb")) or "/" not in name for name in names)


@pytest.mark.parametrize("of", ["release", "course"])
def test_what_pip_installs_holds_the_pretrained_weights(of, repository, tmp_path):
    """The weights of lesson 08 travel, are small, and load from what setuptools would put into the wheel."""
    root = repository if of == "release" else COURSE
    weights = root / "helpers/pretrained/fashion_vit_p7.pt"
    assert weights.read_bytes() == (COURSE / "helpers/pretrained/fashion_vit_p7.pt").read_bytes() and weights.stat().st_size < 1e6
    copy = tmp_path / "copy"  # setuptools leaves its traces beside pyproject.toml
    for name in ("helpers", "autograder") if of == "course" else ("helpers",):
        shutil.copytree(root / name, copy / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, copy / name)
    build = "import setuptools; setuptools.setup(script_args=['-q', 'build', '--build-base', 'built'])"
    ended = subprocess.run([sys.executable, "-c", build], cwd=copy, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    code = "from helpers import pretrained; print(pretrained.__file__, sum(p.numel() for p in pretrained.load().parameters()))"
    ended = subprocess.run([sys.executable, "-c", code], cwd=copy / "built/lib", capture_output=True, text=True, env={**os.environ, "PYTHONPATH": ""})
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == [str(copy / "built/lib/helpers/pretrained/__init__.py"), "105546"]


def test_badges_and_install_line_point_to_the_repository(repository):
    readme = (repository / "README.md").read_text(encoding="utf-8")
    for stem in stems():
        notebook = nbformat.read(repository / "notebooks" / f"{stem}.ipynb", as_version=4)
        address = f"https://colab.research.google.com/github/{REPO}/blob/main/notebooks/{stem}.ipynb"
        assert address in readme and address in notebook.cells[0].source
        assert f'"git+https://github.com/{REPO}@main"' in notebook.cells[1].source


def test_readme_counts_the_points(repository):
    readme = (repository / "README.md").read_text(encoding="utf-8")
    points = {stem: sum(cell.nbgrader.get("points", 0) for cell in cells(stem)) for stem in stems()}
    assert sum(points[stem] for stem in stems() if stem < "05") == 10 and "hand it in: 10 points." in readme
    assert {points[stem] for stem in stems() if stem >= "05"} == {5}
    assert readme.count("| 5 |") == len(stems()) - 4


def test_no_solution_cell(repository):
    held = texts(repository)
    shown = {name: windows(text, 3) for name, text in held.items()}
    joined = {name: " ; ".join(code_lines(text)) for name, text in held.items()}
    for stem, region in regions("BEGIN SOLUTION", "END SOLUTION"):
        body = " ; ".join(code_lines(region))
        lines = windows(region, 3)
        if stem == "05_bug_hunt":  # hands out the broken code, most lines of which are right: the next test
            continue
        for name in held:
            # One or two lines may well stand elsewhere (`x, y = batch`); as a whole region only where they say something.
            assert len(body) < 60 or body not in joined[name], (stem, name, region)
            assert not lines & shown[name], (stem, name, lines & shown[name])


def test_no_bug_is_mended(repository):
    joined = " ; ".join(line for text in texts(repository).values() for line in code_lines(text))
    for cell in cells("05_bug_hunt"):
        if cell.nbgrader.get("solution"):
            found = re.findall(r"^ *### BEGIN SOLUTION\n(.*?)^ *### END SOLUTION$", cell.text, re.M | re.S)
            bodies = [" ; ".join(code_lines(textwrap.dedent(one))) for one in found]
            assert any(body not in joined for body in bodies), cell.nbgrader["grade_id"]


def test_no_hidden_test(repository):
    for stem, region in regions("BEGIN HIDDEN TESTS", "END HIDDEN TESTS"):
        lines = [line.strip() for line in region.splitlines() if line.strip()]
        for name, text in texts(repository).items():
            assert not any(line in text for line in lines), (stem, name)
            assert name.endswith(".py") or ("HIDDEN TESTS" not in text and "BEGIN SOLUTION" not in text), name


def test_no_right_answer_of_the_corpus(repository):
    held = texts(repository)
    stubs = set().union(*(windows(text, 5) for name, text in held.items() if name.endswith(".ipynb")))
    shown = {name: windows(text, 5) - stubs for name, text in held.items() if name.endswith(".py")}
    corpus = sorted((COURSE / "tests/corpus").glob("*/correct/*.py"))
    assert len(corpus) >= 48
    for path in corpus:
        assert not any(name.endswith(f"/{path.name}") for name in held), path
        answer = windows(path.read_text(encoding="utf-8"), 5)
        for name, lines in shown.items():
            assert not answer & lines, (path, name, answer & lines)


# Runs in a process of its own, in the student repository: takes everything callable that helpers has, private things
# and parts of classes too, and offers it as the answer to each exercise.
PROBE = """
import importlib, inspect, json, os, pkgutil, socket, sys, tempfile
for name in ("autograder", "solutions", "tests"):
    sys.modules[name] = None
sys.path.insert(0, os.getcwd())
import helpers
assert helpers.__file__.startswith(os.getcwd()), helpers.__file__
modules = [importlib.import_module(found.name) for found in pkgutil.walk_packages(helpers.__path__, "helpers.") if not found.name.endswith("__main__")]
from helpers import checks

def parts(owner, depth=0):
    for name, thing in sorted(vars(owner).items(), key=lambda item: item[0]):
        thing = getattr(thing, "__func__", thing)
        if callable(thing) and getattr(thing, "__module__", "").split(".")[0] == "helpers":
            yield f"{getattr(owner, '__qualname__', owner.__name__)}.{name}", thing
            if inspect.isclass(thing) and depth < 2 and thing is not owner:
                yield from parts(thing, depth + 1)
        elif isinstance(thing, dict) and not name.startswith("__"):
            for key, value in thing.items():
                if callable(value) and getattr(value, "__module__", "").split(".")[0] == "helpers":
                    yield f"{name}[{key!r}]", value

def refuse(*_, **__):
    raise OSError("no network in this test")

socket.socket.connect = refuse
os.chdir(tempfile.mkdtemp())
out, sys.stdout = sys.stdout, open(os.devnull, "w")
offered, passed = {}, []
for module in modules:
    for name, thing in parts(module):
        offered.setdefault(id(thing), (name, thing))
for name, thing in offered.values():
    for exercise in checks.EXERCISES:
        report = getattr(checks, exercise)(thing)
        if report.passed or report.score:
            passed.append([name, exercise, report.score])
print(json.dumps({"offered": [name for name, _ in offered.values()], "passed": passed}), file=out)
"""


def test_nothing_in_helpers_is_an_accepted_answer(tmp_path):
    repository = release.release(tmp_path / "students", REPO)
    # One right answer is planted, so that a probe that reaches nothing would be noticed.
    answer = (COURSE / "tests/corpus/img_to_patch/correct/tensor_unfold_twice.py").read_text(encoding="utf-8")
    (repository / "helpers/figures/planted.py").write_text(answer.replace("def img_to_patch", "def _cut"), encoding="utf-8")
    ended = subprocess.run([sys.executable, "-c", PROBE], cwd=repository, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told["passed"] == [["helpers.figures.planted._cut", "img_to_patch", 1.0]]
    assert {"helpers.standins.AttentionBlock", "helpers.standins.img_to_patch"} <= set(told["offered"])


def test_releasing_again_replaces_an_earlier_release_and_keeps_git(repository):
    (repository / ".git").mkdir()
    (repository / "helpers" / "retired.py").write_text("x = 1\n")
    release.release(repository, "teacher/other")
    assert (repository / ".git").is_dir() and not (repository / "helpers" / "retired.py").exists()
    assert "teacher/other" in (repository / "README.md").read_text(encoding="utf-8")
    release.release(repository, REPO)


def test_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds other files"):
        release.release(tmp_path, REPO)
    with pytest.raises(ValueError, match="holds other files"):
        release.release(COURSE, REPO)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("repo", ["", "name", "a/b/c", "https://example.org/a/b", 'a/b"; import os'])
def test_wrong_repository_is_refused(tmp_path, repo):
    with pytest.raises(ValueError, match="owner/name"):
        release.release(tmp_path / "out", repo)
    assert not list(tmp_path.iterdir())


def test_make_release_without_arguments_says_what_to_do():
    ended = subprocess.run([sys.executable, "-m", "autograder.building.release", "--out", "", "--repo", ""], cwd=COURSE, capture_output=True, text=True)
    assert ended.returncode == 1 and "make release OUT=DIR REPO=owner/name" in ended.stderr and "Traceback" not in ended.stderr
