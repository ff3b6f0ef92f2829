"""pyproject.toml, constraints.txt, environment.yml and Makefile agree with each other and with what is installed."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import helpers
from autograder.building.sources import COURSE

PROJECT = tomllib.loads((COURSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
# Our own packages, Colab's, and lightning under its other name.
OURS = {"helpers", "autograder", "tests", "google", "pytorch_lightning"}
LINES = [line for line in (COURSE / "constraints.txt").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def requirements(*extras):
    """What the project and the named extras ask for, its own name left out."""
    found = [Requirement(line) for line in sum((EXTRAS[extra] for extra in extras), list(PROJECT["dependencies"]))]
    return [one for one in found if one.name != PROJECT["name"]]


def pins():
    """Name -> (version, whether it concerns this machine), from constraints.txt."""
    found = {}
    for line in LINES:
        one = Requirement(line)
        found[canonicalize_name(one.name)] = (str(one.specifier).removeprefix("=="), one.marker is None or one.marker.evaluate())
    return found


def installed_with(wanted):
    """Names of everything that the wanted requirements bring on this machine, themselves included."""
    found, waiting = {}, list(wanted)
    while waiting:
        one = waiting.pop()
        key = canonicalize_name(one.name), *sorted(one.extras)
        if key not in found:
            found[key] = importlib.metadata.distribution(one.name)
            needed = [Requirement(line) for line in found[key].requires or []]
            waiting += [need for need in needed if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *one.extras))]
    return {key[0]: distribution.version for key, distribution in found.items()}


@pytest.mark.parametrize("line", LINES)
def test_constraint_is_an_exact_version_and_no_address(line):
    # Compiled packages that exist for Linux alone carry a marker, so that the file is valid everywhere.
    assert re.fullmatch(r'[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+( ; sys_platform == "linux")?', line)
    assert "+" not in line  # a local version (+cpu, +cu132) is on no public index


def test_all_that_is_installed_is_pinned_to_the_tested_version():
    pinned = pins()
    for name, version in installed_with(requirements("lab", "instructor", "cluster", "dev")).items():
        assert name in pinned, f"{name} {version} is not in constraints.txt"
        assert version.split("+")[0] == pinned[name][0], f"{name}: installed {version}, constraints.txt says {pinned[name][0]}"


@pytest.mark.skipif(sys.platform != "linux", reason="constraints.txt was made on Linux")
def test_nothing_is_pinned_that_nobody_asks_for():
    assert {name for name, (_, here) in pins().items() if here} == set(installed_with(requirements("lab", "instructor", "cluster", "dev")))


def test_pins_are_the_tested_ones():
    pinned = {name: version for name, (version, _) in pins().items()}
    tested = {"torch": "2.15.0", "torchvision": "0.29.2", "lightning": "2.6.6", "nbgrader": "0.9.6", "nbval": "0.11.0"}
    assert {name: pinned[name] for name in tested} == tested
    assert pinned["jupyterlab"].startswith("4.6.")


def test_pins_satisfy_what_the_project_allows():
    pinned = pins()
    for one in requirements("lab", "instructor", "cluster", "dev"):
        assert one.specifier.contains(pinned[canonicalize_name(one.name)][0]), one


@pytest.mark.parametrize("python", ["3.11.0", "3.11.2", "3.12.0", "3.13.0"])
def test_pins_run_on_every_python_that_the_course_names(python):
    # Debian 12 has 3.11.2: a package that wants 3.11.5 would stop `make env` there.
    assert SpecifierSet(PROJECT["requires-python"]).contains(python)
    for name in installed_with(requirements("lab", "instructor", "cluster", "dev")):
        wanted = importlib.metadata.metadata(name)["Requires-Python"]
        assert SpecifierSet(wanted or "").contains(python), f"{name} wants Python {wanted}"


def test_torch_is_allowed_from_2_6_on():
    torch = next(one for one in requirements() if one.name == "torch")
    assert torch.specifier.contains("2.6.0") and not torch.specifier.contains("2.5.1")


def test_students_get_no_jupyter_server_and_no_upper_bound():
    # An upper bound could make pip replace what Colab brings.
    names = {canonicalize_name(one.name) for one in requirements()}
    assert not names & {"jupyterlab", "notebook", "ipykernel", "jupyter-client", "nbgrader", "ipywidgets"}
    assert not [str(one) for one in requirements() if re.search(r"<|==|~=", str(one.specifier))]


def test_conda_installs_the_same_versions_through_pip():
    described = yaml.safe_load((COURSE / "environment.yml").read_text(encoding="utf-8"))
    *conda, through_pip = described["dependencies"]
    constraint, *listed, course = through_pip["pip"]
    assert conda == ["python=3.11", "pip"] and described["name"] == PROJECT["name"]
    assert (constraint, course) == ("--constraint constraints.txt", ".[lab]")
    found = {canonicalize_name(Requirement(line).name): str(Requirement(line).specifier) for line in listed}
    assert found == {canonicalize_name(one.name): f"=={pins()[canonicalize_name(one.name)][0]}" for one in requirements("lab")}


@pytest.mark.parametrize(("folder", "extras"), [("helpers", ()), ("autograder", ("lab", "instructor", "cluster")), ("tests", ("lab", "instructor", "cluster", "dev"))])
def test_every_import_is_declared(folder, extras):
    brought = set(installed_with(requirements(*extras))) if extras else {canonicalize_name(one.name) for one in requirements()}
    of_package = importlib.metadata.packages_distributions()
    for path in (COURSE / folder).rglob("*.py"):
        if "corpus" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            for top in {name.split(".")[0] for name in names} - sys.stdlib_module_names - OURS:
                assert brought & {canonicalize_name(one) for one in of_package.get(top, [])}, f"{path.name} imports {top}"


def test_one_release_version():
    assert PROJECT["dynamic"] == ["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", helpers.__version__)
    assert f"## {helpers.__version__}" in (COURSE / "CHANGELOG.md").read_text(encoding="utf-8")


def test_no_index_address_in_the_environment_files():
    for name in ("constraints.txt", "environment.yml", "pyproject.toml", "Makefile", ".ci/run"):
        text = (COURSE / name).read_text(encoding="utf-8")
        assert not re.search(r"index-url|find-links|trusted-host|https?://", text), name


def test_ci_runs_make_test():
    lines = (COURSE / ".ci/run").read_text(encoding="utf-8").split("\n")
    assert lines[-2:] == ["exec make test", ""]
    assert (COURSE / ".ci/run").stat().st_mode & 0o111


def test_make_knows_every_target_of_the_readme():
    readme = (COURSE / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"\bmake ([a-z]+)", readme))
    assert {"demo", "test"} <= targets
    for target in targets:
        ended = subprocess.run(["make", "--dry-run", target, "OUT=out", "REPO=a/b"], cwd=COURSE, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
