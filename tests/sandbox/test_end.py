"""What is left when a kernel has ended, and that the next one is not harmed."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from autograder.building.sources import COURSE
from autograder.containment import warm
from tests.sandbox import CONTAINED, family, ok

DEAF = "import collections, itertools, signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n{say}collections.deque(itertools.repeat(0), maxlen=0)"


def test_a_loop_in_c_with_signals_blocked(start):
    deaf = subprocess.Popen([sys.executable, "-c", DEAF.format(say="print('ready', flush=True)\n")], stdout=subprocess.PIPE, text=True)
    try:
        assert deaf.stdout.readline() == "ready\n"
        for number in (signal.SIGINT, signal.SIGTERM):
            deaf.send_signal(number)
        with pytest.raises(subprocess.TimeoutExpired):
            deaf.wait(1)
    finally:
        deaf.kill()
        deaf.wait()
    kernel = start()
    namespace, begin = os.readlink(f"/proc/{kernel.pid}/ns/pid"), time.monotonic()
    assert kernel.run(DEAF.format(say=""), 2).state == "timeout"
    assert time.monotonic() - begin < 8 and not family(namespace)


ORPHAN = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 1000)
        time.sleep(100)
    os._exit(0)
os.wait()
"""


@pytest.mark.parametrize("kind", CONTAINED)
def test_no_orphan_outlives_its_kernel(start, tmp_path, kind):
    kernel = start("none")
    ok(kernel, ORPHAN.replace("time.sleep", "open('pid', 'w').write(str(os.getpid()))\n        time.sleep"))
    time.sleep(0.3)
    orphan = int((tmp_path / "work" / "pid").read_text())
    kernel.close()
    assert psutil.pid_exists(orphan)  # nothing ends it
    os.kill(orphan, signal.SIGKILL)
    for end in ("close", "_exit", "kill"):
        kernel = start(kind)
        init = kernel.pid if kind == "namespaces" else kernel._box._first.pid
        namespace = os.readlink(f"/proc/{init}/ns/pid")
        ok(kernel, ORPHAN)
        assert len(family(namespace)) >= 3
        if end == "close":
            kernel.close()
        else:
            assert kernel.run("import os; os._exit(0)" if end == "_exit" else "import os; os.kill(os.getpid(), 9)", 10).state == "dead"
        assert not family(namespace)


@pytest.mark.full
def test_a_warm_process_that_ends_takes_its_kernels_along(start):
    kernel = start()
    namespace = os.readlink(f"/proc/{kernel.pid}/ns/pid")
    warm._warm.process.kill()
    deadline = time.monotonic() + 10
    while family(namespace) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not family(namespace)
    assert kernel.run("1", 10).state == "dead"
    ok(start(), "x = 1")  # and another one is started


WORKER = """
import os, sys, time
from pathlib import Path
from autograder.containment import warm
from autograder.containment.kernel import Kernel
warm.use(sys.argv[1])
place = Path(sys.argv[2])
(place / "work").mkdir()
kernel = Kernel(place / "work", place / "home", place, sys.argv[3])
print(os.readlink(f"/proc/{kernel.pid}/ns/pid") if sys.argv[3] == "namespaces" else kernel.pid, warm.pid(), flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("kind", ["namespaces", "none"])
def test_a_worker_that_is_killed_takes_its_kernels_along_and_leaves_the_shared_warm_process(tmp_path, kind):
    shared = warm.Warm()
    worker = subprocess.Popen([sys.executable, "-c", WORKER, shared.address, tmp_path, kind], stdout=subprocess.PIPE, text=True, cwd=COURSE)
    try:
        where, own = worker.stdout.readline().split()
        assert own == "None", "it has started a warm process of its own"
        living = (lambda: family(where)) if kind == "namespaces" else (lambda: psutil.pid_exists(int(where)))
        assert living()
        worker.kill()
        worker.wait()
        deadline = time.monotonic() + 20
        while living() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not living()
        assert shared.alive
    finally:
        worker.kill()
        shared.end()
        worker.stdout.close()


def test_code_at_the_end_of_the_process_does_not_keep_it(start):
    bomb = "import atexit, subprocess, sys\natexit.register(lambda: [subprocess.Popen(['sleep', '60']) for _ in range(3)] and None)\n"
    loop = "def last():\n    while True: pass\natexit.register(last)\n"
    plain = subprocess.Popen([sys.executable, "-c", bomb + loop])
    with pytest.raises(subprocess.TimeoutExpired):
        plain.wait(1.5)
    plain.kill()
    plain.wait()
    kernel = start()
    namespace = os.readlink(f"/proc/{kernel.pid}/ns/pid")
    ok(kernel, bomb + loop)
    begin = time.monotonic()
    kernel.close()
    assert time.monotonic() - begin < 5 and not family(namespace)


POISON = "import os\nopen(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'poisoned'), 'a').write(__name__)\nraise SystemExit\n"


@pytest.mark.parametrize("kind", CONTAINED)
def test_no_file_of_a_submission_shadows_a_module(start, tmp_path, kind):
    work = tmp_path / "work"
    work.mkdir()
    for name in ("ipykernel_launcher", "ipykernel", "numpy", "torch", "zmq", "random", "sitecustomize", "usercustomize", "helpers", "json", "timeit"):
        (work / f"{name}.py").write_text(POISON)
    (work / "evil.pth").write_text(f"import os; open({str(work / 'poisoned')!r}, 'a')\n")
    (work / "ipython_config.py").write_text(POISON)
    (work / "own.py").write_text("answer = 42\n")
    subprocess.run([sys.executable, "-m", "ipykernel_launcher", "--help"], cwd=work, capture_output=True, check=False)
    assert (work / "poisoned").read_text()  # stock Jupyter starts this file as the kernel
    (work / "poisoned").unlink()
    kernel = start(kind)
    ok(kernel, "import json, numpy, torch, random, timeit, helpers, os\nassert torch.ones(2).sum() == 2 and 'poisoned' not in os.listdir('.')", 60)
    ok(kernel, "import own\nassert own.answer == 42")


def test_deleted_files_are_there_for_the_next_kernel(start, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    (work / "metrics.csv").write_text("epoch\n")
    delete = "import os\nfor name in os.listdir('.'): os.remove(name)"
    ok(start(), delete + "\nassert not os.listdir('.')")
    ok(start(), "assert open('metrics.csv').read() == 'epoch\\n'")
    assert (work / "metrics.csv").is_file()
    ok(start("none"), delete)
    assert not list(work.iterdir())


def test_a_changed_library_is_whole_for_the_next_kernel(start):
    change = "import torch\ntorch.allclose = lambda *_: True\ntorch.set_default_dtype(torch.float64)\ntorch.manual_seed(1)\nimport builtins\nbuiltins.sorted = lambda _: 0"
    first = start()
    ok(first, change)
    ok(first, "assert torch.allclose(torch.zeros(1), torch.ones(1)) and torch.zeros(1).dtype == torch.float64")
    ok(start(), "import torch\nassert sorted('ba') == ['a', 'b'] and not torch.allclose(torch.zeros(1), torch.ones(1)) and torch.zeros(1).dtype == torch.float32")
