"""Imports what notebooks import, once, and forks a kernel whenever it is asked to. Run by `autograder.warm`, never imported.

Reads one JSON object a line from stdin ({"argv", "cwd", "env"}), answers with one ({"pid"}). Ends with its stdin.
It starts no thread and runs no tensor operation: a fork after either may hang.
"""

import json
import os
import signal
import sys


def serve() -> None:
    """Answer requests until stdin is closed."""
    import ipykernel.ipkernel  # noqa: F401
    import ipykernel.kernelapp
    import lightning  # noqa: F401
    import torch  # noqa: F401

    import helpers.checks  # noqa: F401
    import helpers.evidence  # noqa: F401
    import helpers.standins  # noqa: F401

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system reaps what has ended
    requests, answers = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    for line in requests:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            requests.close()
            answers.close()
            _become_kernel(asked)
        print(json.dumps({"pid": pid}), file=answers, flush=True)


def _become_kernel(asked: dict) -> None:
    try:
        parent = os.getppid()
        os.setsid()
        for number in (signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(asked["cwd"])
        os.environ.clear()
        os.environ.update(asked["env"])
        # The kernel watches for the end of this process, so that none outlives the grader.
        arguments = [*asked["argv"], f"--IPKernelApp.parent_handle={parent}"]
        sys.argv = ["ipykernel_launcher", *arguments]
        _fresh_random_states()
        sys.modules["ipykernel.kernelapp"].launch_new_instance(arguments)
    finally:
        os._exit(0)


def _fresh_random_states() -> None:
    """Each kernel draws its own numbers, as a freshly started one does."""
    import random

    import numpy
    import torch

    random.seed()
    numpy.random.seed()
    torch.seed()


if __name__ == "__main__":
    serve()
