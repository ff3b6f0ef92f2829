"""The small course, built."""

import pytest

from autograder.building import build
from tests.building import SOURCE, course_with


@pytest.fixture(scope="package")
def built(tmp_path_factory):
    """A course of one small notebook, built."""
    course = course_with(tmp_path_factory.mktemp("course"), SOURCE)
    build.build("01_adding", course)
    return course


@pytest.fixture
def course(built, tmp_path):
    """A copy of the built course that a test may damage."""
    for name in ("pyproject.toml", "solutions/01_adding.py", "solutions/01_adding.ipynb", "notebooks/01_adding.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((built / name).read_bytes())
    return tmp_path
