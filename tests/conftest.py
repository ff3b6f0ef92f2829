"""What every test runs with: the smoke budget, the offline digits and one thread, whatever the shell says."""

import os

# Before any test module imports torch, which reads the number of threads once.
os.environ.update(VIT_PROFILE="smoke", VIT_DATA="MNIST-5k", OMP_NUM_THREADS="1")
os.environ.pop("PATH_DATASETS", None)

# The files that take longest begin, so that no worker waits at the end for one that began last.
LONG = ("test_corpus.py", "test_mutants.py", "test_grade_again.py", "test_release.py", "test_untouched_notebooks.py", "test_grade.py", "test_checks.py", "test_class.py")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))
