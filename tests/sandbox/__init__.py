"""Student code is contained. Each harm is first shown to happen where nothing contains it, then not to happen in a sandbox.

Without a sandbox on this machine these tests fail: install bubblewrap, or allow unprivileged user namespaces.
"""

import contextlib
import os

import psutil

from autograder.containment.sandbox import Limits

CANARY = "canary-" + "of-the-grader"
SMALL = Limits(memory_bytes=700 * 2**20, processes=32, file_bytes=48 * 2**20)
CONTAINED = ("namespaces", "bwrap")


def family(namespace):
    """Process ids of all processes of the machine in a process namespace."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError, psutil.NoSuchProcess):
            if os.readlink(f"/proc/{name}/ns/pid") == namespace and psutil.Process(int(name)).status() != psutil.STATUS_ZOMBIE:
                found.append(int(name))
    return found


def ok(kernel, code, seconds=20):
    outcome = kernel.run(code, seconds)
    assert outcome.state == "ok", outcome
