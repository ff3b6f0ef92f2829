"""What student code can use up: processes, memory, disk, output and time."""

import os
import subprocess
import sys

import psutil
import pytest

from autograder.containment.sandbox import Limits
from tests.sandbox import SMALL, family, ok

FORKS = """
import os, time
children = []
try:
    while len(children) < 60:
        pid = os.fork()
        if pid == 0:
            time.sleep(60)
            os._exit(0)
        children.append(pid)
finally:
    count = len(children)
    if count == 60:
        for pid in children: os.kill(pid, 9), os.waitpid(pid, 0)
"""


def test_a_fork_bomb(start):
    assert subprocess.run([sys.executable, "-c", FORKS + "assert count == 60"], timeout=60, check=False).returncode == 0
    kernel = start()
    outcome = kernel.run(FORKS, 60)
    assert outcome.name == "BlockingIOError" or outcome.text == "It started more than 32 processes.", outcome
    if kernel.alive:
        namespace = os.readlink(f"/proc/{kernel.pid}/ns/pid")
        assert len(family(namespace)) <= 32
        kernel.close()
        assert not family(namespace)


def test_processes_are_watched_from_outside_too(start):
    """Root is not bound by the system's own limit; bubblewrap, started by root, runs as root's user."""
    kernel = start("bwrap")
    held = FORKS.split("finally:")[0] + "finally:\n    time.sleep(20)\n"  # they stay, so that the watcher's next look finds them
    outcome = kernel.run(held, 60)
    assert outcome.name == "BlockingIOError" or (outcome.state, outcome.text) == ("dead", "It started more than 32 processes."), outcome


MEMORY = "parts = []\nfor _ in range(20): parts.append(b'x' * (50 * 2**20))"
MANY = "import os, time\nfor _ in range(5):\n    if os.fork() == 0:\n        part = b'x' * (250 * 2**20)\n        time.sleep(30)\n        os._exit(0)\ntime.sleep(30)"


def test_a_memory_bomb(start):
    ok(start("none"), MEMORY + "\ndel parts", 60)
    outcome = start().run(MEMORY, 60)
    assert outcome.name == "MemoryError" or outcome.text == "It used more than 0.7 GB of memory.", outcome
    kernel = start()
    outcome = kernel.run(MANY, 60)  # none of these processes alone is too large
    assert (outcome.state, outcome.text) == ("dead", "It used more than 0.7 GB of memory."), outcome
    assert 0 < kernel.peak_bytes < 3 * SMALL.memory_bytes


FILL = """
def fill(place, megabytes):
    import os
    files = []
    for number in range(megabytes // 5):
        files.append(open(f'{place}/{number}', 'wb', buffering=0))
        files[-1].write(b'x' * (5 * 2**20))
        os.remove(f'{place}/{number}')
"""


def test_a_disk_is_not_filled(start, tmp_path):
    kernel = start("none")
    ok(kernel, FILL)
    ok(kernel, f"fill({str(tmp_path)!r}, 60)")  # files that are deleted and still open: no listing shows them
    kernel = start()
    ok(kernel, FILL)
    before = psutil.disk_usage(str(tmp_path)).free
    for place in ("/tmp", "/home/student", "/home/student/work", "/dev/shm", "/exchange/answers"):
        assert kernel.run(f"fill({place!r}, 140)", 20).text.startswith("[Errno 28]"), place
    assert kernel.run("for number in range(10**5): open(f'/tmp/{number}', 'w').close()", 60).text.startswith("[Errno 28]")
    assert before - psutil.disk_usage(str(tmp_path)).free < 100 * 2**20
    assert not list((tmp_path / "work").iterdir())


def output(megabytes):
    return f"line = 'x' * 2**20\nfor _ in range({megabytes}): print(line)"


@pytest.mark.parametrize("megabytes", [100, pytest.param(1000, marks=pytest.mark.full)])
def test_output_is_thrown_away(start, megabytes):
    shown = subprocess.run([sys.executable, "-c", output(5)], capture_output=True, check=True)
    assert len(shown.stdout) > 5 * 2**20  # whoever collects it has it all
    kernel = start()
    ok(kernel, "x = 1")
    mine, before = psutil.Process(), psutil.Process().memory_info().rss
    ok(kernel, output(megabytes), 120)
    assert mine.memory_info().rss - before < 50 * 2**20
    assert kernel.peak_bytes == 0 and kernel.alive
    kernel.close()
    assert kernel.peak_bytes < SMALL.memory_bytes
    assert start().run("raise ValueError('x' * 2**28)", 5).state in ("timeout", "dead", "error")
    assert mine.memory_info().rss - before < 400 * 2**20


def test_a_notebook_has_a_time_too(start):
    ok(start(), "import time; time.sleep(1.5)")
    kernel = start(limits=Limits(notebook_seconds=1))
    outcome = kernel.run("import time; time.sleep(30)", 60)
    assert (outcome.state, outcome.text) == ("dead", "The notebook took longer than 1 seconds.")
