"""The last steps before a student's kernel runs, taken within the containment: by a forked process, or by a fresh one as its main file.

It imports nothing but the standard library until the kernel itself is loaded.
"""

import json
import os
import random
import shutil
import signal
import sys


def become_kernel(arguments: list[str], folder: str, environment: dict[str, str]) -> None:
    """Turn this process into a kernel that works in `folder`; returns when it has ended."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    paths = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:] = [*paths, *(path for path in sys.path if path and path not in paths)]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # No file of a submission comes before an installed module of its name; its own modules are found after all others.
    arguments = [*arguments, "--InteractiveShellApp.ignore_cwd=True", "--HistoryManager.enabled=False"]
    sys.path.append(folder)
    sys.argv = ["ipykernel_launcher", *arguments]
    _fresh_random_states()
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance(arguments)


def _fresh_random_states() -> None:
    """Each kernel draws its own numbers, as a freshly started one does."""
    random.seed()
    if "torch" in sys.modules:
        sys.modules["numpy"].random.seed()
        sys.modules["torch"].seed()


def _main() -> None:
    with open(os.path.join(os.path.dirname(__file__), "start.json")) as file:
        start = json.load(file)
    if start["folder"] != start["work"]:
        shutil.copytree(start["folder"], start["work"], symlinks=True, dirs_exist_ok=True)
    with open(start["connection_file"], "w") as file:
        json.dump(start["connection"], file)
    if start["limits"]:
        import resource

        for name, value in start["limits"].items():
            resource.setrlimit(getattr(resource, name), (value, value))
    become_kernel(["-f", start["connection_file"]], start["work"], dict(os.environ))


if __name__ == "__main__":
    _main()
