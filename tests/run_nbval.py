"""`python -m tests.run_nbval [ARGS]`: pytest --nbval over solutions/*.ipynb, each in an empty folder of its own.

nbval starts a notebook's kernel in the notebook's folder, so each is copied to a new one first.
Output comparison is strict; ARGS go to pytest.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from autograder.building.execution import environment
from autograder.building.sources import COURSE


def main(arguments):
    with tempfile.TemporaryDirectory() as folder:
        copies = []
        for notebook in sorted((COURSE / "solutions").glob("*.ipynb")):
            copies.append(Path(folder) / notebook.stem / notebook.name)
            copies[-1].parent.mkdir()
            shutil.copy(notebook, copies[-1])
        if not copies:
            sys.exit("There is no notebook in solutions/: please run `make notebooks` first.")
        # loadfile: the cells of a notebook share one kernel and must stay in one process.
        options = ["--nbval", "--nbval-current-env", "--numprocesses", "2", "--dist", "loadfile", "-p", "no:cacheprovider", f"--rootdir={folder}"]
        return subprocess.run([sys.executable, "-m", "pytest", *options, *arguments, *copies], cwd=folder, env=environment()).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
