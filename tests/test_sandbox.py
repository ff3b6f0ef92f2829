"""Student code is contained. Each harm is first shown to happen where nothing contains it, then not to happen in a sandbox.

Without a sandbox on this machine these tests fail: install bubblewrap, or allow unprivileged user namespaces.
"""

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from autograder.building.sources import COURSE
from autograder.containment import boxes, containers, sandbox, warm
from autograder.containment.kernel import Kernel
from autograder.containment.sandbox import Limits, NoSandbox, View, choose

CANARY = "canary-" + "of-the-grader"
SMALL = Limits(memory_bytes=700 * 2**20, processes=32, file_bytes=48 * 2**20)
CONTAINED = ("namespaces", "bwrap")


@pytest.fixture(scope="module", autouse=True)
def secret_environment():
    """The warm process is started anew by a grader with a secret in its environment."""
    os.environ["VIT_TEST_SECRET"] = CANARY
    if warm._warm is not None:
        warm._warm.process.kill()
    yield
    del os.environ["VIT_TEST_SECRET"]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return tmp_path_factory.mktemp("library")


@pytest.fixture
def start(tmp_path, library):
    """Starts kernels; all are closed at the end. work: the folder they work on."""
    started = []

    def begin(kind="auto", limits=SMALL):
        (tmp_path / "work").mkdir(exist_ok=True)
        kernel = Kernel(tmp_path / "work", tmp_path / f"home{len(started)}", library, kind, limits)
        started.append(kernel)
        return kernel

    yield begin
    for kernel in started:
        kernel.close()


def family(namespace):
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError, psutil.NoSuchProcess):
            if os.readlink(f"/proc/{name}/ns/pid") == namespace and psutil.Process(int(name)).status() != psutil.STATUS_ZOMBIE:
                found.append(int(name))
    return found


def ok(kernel, code, seconds=20):
    outcome = kernel.run(code, seconds)
    assert outcome.state == "ok", outcome


# --------------------------------------------------------------------------------------------------------------- choice


def test_this_machine_has_a_sandbox():
    assert choose("auto") in CONTAINED
    assert choose("none") == "none"
    for kind in CONTAINED:
        assert choose(kind) == kind


def test_a_refusal_is_one_sentence(monkeypatch):
    with pytest.raises(NoSandbox, match="There is no sandbox called jail: please choose auto, namespaces, bwrap, docker, podman or none."):
        choose("jail")
    monkeypatch.setenv("PATH", "/nowhere")
    choose.cache_clear()
    try:
        for kind, words in (("docker", "docker is not installed: please"), ("podman", "podman is not installed: please"), ("bwrap", "bwrap is not installed")):
            with pytest.raises(NoSandbox, match=words) as refused:
                choose(kind)
            assert "\n" not in str(refused.value) and str(refused.value).endswith(".")
    finally:
        choose.cache_clear()


def test_where_nothing_works_the_grader_refuses(monkeypatch):
    monkeypatch.setattr(sandbox, "_try", lambda kind: "not permitted")
    choose.cache_clear()
    try:
        with pytest.raises(NoSandbox, match="cannot be contained here .*: please install bubblewrap .*or accept the risk with --sandbox none"):
            choose("auto")
    finally:
        choose.cache_clear()


def test_the_command_of_a_container_engine():
    command = containers.engine("podman", "vit-1", {"/a/work": "/exchange/folder"}, {"/a/answers": "/exchange/answers"}, {"HOME": "/home/student"}, SMALL)
    assert command[:4] == ["podman", "run", "--rm", "-i"] and command[-1] == containers.IMAGE
    pairs = set(zip(command, command[1:], strict=False))
    for option in (
        ("--network", "none"), ("--memory", str(SMALL.memory_bytes)), ("--memory-swap", str(SMALL.memory_bytes)), ("--pids-limit", "32"), ("--cap-drop", "ALL"),
        ("--security-opt", "no-new-privileges"), ("--user", "1000:1000"), ("--env", "HOME=/home/student"),
        ("--mount", "type=bind,source=/a/work,target=/exchange/folder,readonly"), ("--mount", "type=bind,source=/a/answers,target=/exchange/answers"),
    ):  # fmt: skip
        assert option in pairs
    assert "--read-only" in command and "--privileged" not in command


def test_nothing_of_the_course_is_shown_wherever_it_is_installed(tmp_path, monkeypatch):
    packages = tmp_path / "venv" / "lib" / "site-packages"
    for name in ("autograder", "helpers"):
        (packages / name).mkdir(parents=True)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    monkeypatch.setattr(sandbox, "_of_the_course", lambda: [str(packages / "autograder"), str(packages / "helpers")])
    view = View()
    assert str(tmp_path / "venv") in view.visible
    assert view.hidden == [str(packages / "autograder"), str(packages / "helpers")]
    # The other way round: a checkout within a visible place, with the environment in it.
    monkeypatch.setattr(sandbox, "_of_the_course", lambda: [str(tmp_path)])
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path.parent))
    view = View()
    assert view.hidden == [str(tmp_path)] and {str(tmp_path.parent), str(tmp_path / "venv")} <= set(view.visible)


# ------------------------------------------------------------------------------------------------------------- exchange


@pytest.mark.parametrize("kind", [*CONTAINED, "none"])
def test_files_go_in_and_answers_come_out(start, kind):
    kernel = start(kind)
    given, slot = kernel.give("given.bin", b"hello"), kernel.slot("answer.bin")
    ok(kernel, f"data = open({given!r}, 'rb').read()\nopen({slot!r}, 'wb').write(data[::-1])")
    assert kernel.take("answer.bin") == b"olleh"
    with pytest.raises(OSError):
        kernel.take("nothing")
    for wrong in ("../x", "a/b", "", ".", ".hidden", "x" * 200):
        with pytest.raises(ValueError):
            kernel.slot(wrong)
    if kind != "none":
        assert kernel.run(f"open({given!r}, 'w')", 10).name == "OSError"
        assert kernel.run(f"import os; os.remove({given!r})", 10).name == "OSError"


def test_only_a_small_regular_file_is_an_answer(start, tmp_path):
    (tmp_path / "secret").write_text(CANARY)
    kernel = start(limits=Limits())
    for name, code in {
        "link": f"os.symlink({str(tmp_path / 'secret')!r}, path)", "hard": "os.link('/etc/passwd', path)", "pipe": "os.mkfifo(path)", "folder": "os.mkdir(path)",
        "socket": "s = socket.socket(socket.AF_UNIX); s.bind(path)", "large": "open(path, 'wb').truncate(2**26 + 1)",
    }.items():  # fmt: skip
        kernel.run(f"import os, socket\npath = {kernel.slot(name)!r}\n{code}", 10)
        with pytest.raises((OSError, ValueError)):
            kernel.take(name)
    # The folder itself made into a link: the grader goes on looking into the old one.
    kernel.run(f"import os, shutil\nfolder = os.path.dirname({kernel.slot('x')!r})\nos.rename(folder, folder + '2')\nos.symlink({str(tmp_path)!r}, folder)", 10)
    with pytest.raises(OSError):
        kernel.take("secret")


# ----------------------------------------------------------------------------------------------------------- visibility


@pytest.fixture
def listener():
    """A server of this machine that notes what it is told."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        heard.append(connection.recv(100))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], heard


@pytest.mark.parametrize("kind", CONTAINED)
def test_no_network(start, listener, kind):
    port, heard = listener
    call = f"import socket\nwith socket.create_connection(('127.0.0.1', {port}), 3) as plug: plug.sendall(b'hello')"
    ok(start("none"), call)
    time.sleep(0.2)
    assert heard == [b"hello"]
    kernel = start(kind)
    assert kernel.run(call, 10).name == "ConnectionRefusedError"
    assert kernel.run("import socket\nsocket.create_connection(('192.0.2.1', 80), 3)", 10).name == "OSError"  # unreachable at once
    assert heard == [b"hello"]


def places(tmp_path):
    """Files that no student may read: the gradebook's folder, another submission, the solutions, the grader's own code."""
    secret = [tmp_path / "out" / "gradebook.db", tmp_path / "submissions" / "ben" / "01_patches.ipynb"]
    for path in secret:
        path.parent.mkdir(parents=True)
        path.write_text(CANARY)
    return [*secret, COURSE / "solutions" / "01_patches.py", COURSE / "autograder" / "worker.py", COURSE / "tests" / "test_sandbox.py", COURSE / ".git" / "HEAD"]


@pytest.mark.parametrize("kind", CONTAINED)
def test_no_sight_of_solutions_tests_gradebook_or_other_submissions(start, tmp_path, kind):
    secret = [str(path) for path in places(tmp_path) if path.exists()]
    assert len(secret) >= 5
    ok(start("none"), f"assert all(open(path).read() for path in {secret!r})")
    kernel = start(kind)
    ok(kernel, f"import os\nassert not [path for path in {secret!r} if os.path.lexists(path)]")
    look = f"""
import os
left_out = ('/proc', '/dev', '/usr', {sys.prefix!r}, {sys.base_prefix!r})
found = []
for top, folders, names in os.walk('/'):
    folders[:] = [name for name in folders if os.path.join(top, name) not in left_out]
    found += [os.path.join(top, name) for name in names if not top.startswith('/etc')]
found = [path for path in found if not path.startswith(('/course/helpers/', '/exchange/sockets/', '/exchange/given/', '/home/student/.'))]
assert not found, found
assert not any(os.path.exists(place) and os.listdir(place) for place in ('/var', '/opt', '/srv', '/mnt', '/media', '/boot', '/run', '/sys'))
"""
    ok(kernel, look, 60)


SCAN = """
import os, re
wanted = bytes(reversed({backwards!r}))
hits = 0
with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb', 0) as memory:
    for line in maps.read().splitlines():
        span, mode = line.split()[:2]
        low, high = (int(part, 16) for part in span.split('-'))
        if mode.startswith('rw') and high - low < 2**30:
            try:
                memory.seek(low)
                hits += memory.read(high - low).count(wanted)
            except (OSError, ValueError): pass
del wanted
"""


def test_neither_environment_nor_memory_of_the_grader_is_inherited(start):
    backwards = CANARY.encode()[::-1]
    shown = subprocess.run([sys.executable, "-c", "import os; print(os.environ['VIT_TEST_SECRET'])"], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == CANARY
    first = start(limits=Limits())  # this kernel knows the secret: the next one must not inherit it
    ok(first, f"kept = {CANARY!r} * 3")
    ok(first, SCAN.format(backwards=backwards) + "assert hits >= 3, hits", 60)
    first.give("secret", CANARY.encode())
    second = start(limits=Limits())
    everywhere = "import glob\nwords = b''.join(open(path, 'rb').read() for name in ('environ', 'cmdline') for path in glob.glob(f'/proc/*/{name}'))\n"
    ok(second, f"{everywhere}assert bytes(reversed({backwards!r})) not in words and b'PATH=' in words")
    # The search itself has the words in its memory once: where it looks for them, and in what it has read.
    ok(second, SCAN.format(backwards=backwards) + "assert hits <= 4, hits", 60)
    ok(second, "import os\nassert not [path for path in os.listdir('/exchange/given')], os.listdir('/exchange/given')")


VICTIM = "import ctypes, time\nctypes.CDLL(None).prctl(0x59616d61, ctypes.c_ulong(-1 & 2**64 - 1))\nsecret = 'x'\nprint('ready', flush=True)\ntime.sleep(100)"
TRACE = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
done = []
for pid in {pids}:
    try: os.kill(pid, 0); done.append('signal')
    except OSError: pass
    try: open(f'/proc/{{pid}}/mem', 'rb'); done.append('memory')
    except OSError: pass
    try: os.sched_getaffinity(pid); done.append('seen')
    except OSError: pass
    if libc.ptrace(16, pid, None, None) == 0:
        done.append('trace'); os.waitpid(pid, 0); libc.ptrace(17, pid, None, None)
    local = ctypes.create_string_buffer(8)
    part = (ctypes.c_void_p * 2)(ctypes.addressof(local), 8)
    if libc.process_vm_readv(pid, part, 1, (ctypes.c_void_p * 2)({address}, 8), 1, 0) == 8: done.append('read')
raise KeyError(*done)
"""


@pytest.mark.parametrize("kind", CONTAINED)
def test_no_other_process_can_be_seen_signalled_or_traced(start, kind):
    other = start("namespaces")
    victim = subprocess.Popen([sys.executable, "-c", VICTIM], stdout=subprocess.PIPE, text=True)
    try:
        assert victim.stdout.readline() == "ready\n"
        with open(f"/proc/{victim.pid}/maps") as maps:
            address = int(maps.readline().split("-")[0], 16)
        shown = start("none").run(TRACE.format(pids=[victim.pid], address=address), 20)
        assert {"signal", "memory", "seen", "trace", "read"} <= set(shown.text.replace("'", "").strip("()").split(", ")), shown
        kernel = start(kind)
        pids = [victim.pid, warm.pid(), other.pid, os.getpid(), *(child.pid for child in psutil.Process(other.pid).children())]
        ok(kernel, "import os\nmine = [int(name) for name in os.listdir('/proc') if name.isdigit()]\nassert len(mine) <= 3 and max(mine) < 20, mine")
        assert min(pids) > 20
        hidden = kernel.run(TRACE.format(pids=pids, address=address), 20)
        assert (hidden.name, hidden.text) == ("KeyError", ""), hidden
        assert victim.poll() is None and other.alive
    finally:
        victim.kill()
        victim.wait()


@pytest.mark.parametrize("kind", CONTAINED)
def test_the_system_cannot_be_changed_and_privileges_not_be_won(start, kind):
    place = os.path.join(importlib.util.find_spec("numpy").submodule_search_locations[0], "..", "vit_canary.txt")
    write = f"open({place!r}, 'w').close()"
    ok(start("none"), write)
    os.remove(place)
    kernel = start(kind)
    assert kernel.run(write, 10).name in ("OSError", "PermissionError")
    assert not os.path.exists(place)
    for code in (
        "open('/usr/x', 'w')", "open('/proc/sys/kernel/core_pattern', 'w')", "open('/proc/sysrq-trigger', 'w')", "open('/course/helpers/__init__.py', 'a')",
        "import os; os.setuid(0)", "import os; os.chroot('/tmp')", "import socket; socket.sethostname('x')", "import os; os.mkdir('/new')",
    ):  # fmt: skip
        assert kernel.run(code, 10).state == "error", code
    ok(kernel, "import ctypes\nlibc = ctypes.CDLL(None)\nassert libc.unshare(0x10000000) == -1 and libc.mount(b'x', b'/tmp', b'tmpfs', 0, None) == -1")
    ok(kernel, "text = open('/proc/self/status').read()\nassert 'CapEff:\\t0000000000000000' in text and 'CapBnd:\\t0000000000000000' in text and 'NoNewPrivs:\\t1' in text")
    links = "[os.readlink(f'/proc/self/fd/{name}') for name in os.listdir('/proc/self/fd') if os.path.lexists(f'/proc/self/fd/{name}')]"
    ok(kernel, f"import os\nassert os.getuid() == os.geteuid() == 1000\nopen_files = [link for link in {links} if link.startswith('/') and not link.startswith(('/dev/', '/proc/'))]\nassert not open_files, open_files")


# ---------------------------------------------------------------------------------------------------------------- limits

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


# ------------------------------------------------------------------------------------------------------------- the end

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


# ------------------------------------------------------------------------------------------------------------- the next

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


# ----------------------------------------------------------------------------------------------------------- ordinary work


def test_ordinary_work_goes_on(start, tmp_path):
    """What notebooks do: training, several threads and processes, pictures, temporary files, their own files."""
    (tmp_path / "work" / "checkpoints").mkdir(parents=True)
    (tmp_path / "work" / "checkpoints" / "best.ckpt").write_bytes(b"x" * 1000)
    kernel = start(limits=Limits())
    ok(kernel, "import torch\nx = torch.randn(300, 300, requires_grad=True)\n(x @ x).sum().backward()\ntorch.save(x, 'x.pt')\nassert len(torch.load('x.pt')) == 300")
    ok(kernel, "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('a.png')\nimport tempfile\ntempfile.NamedTemporaryFile().write(b'x')")
    ok(kernel, "from torch.utils.data import DataLoader\nassert len(list(DataLoader(torch.randn(64, 3), 8, num_workers=2))) == 8")
    ok(kernel, "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(2) as pool: assert pool.map(abs, [-1, 2]) == [1, 2]")
    ok(kernel, "import os, getpass, socket\nassert os.listdir('checkpoints') == ['best.ckpt'] and os.path.expanduser('~') == '/home/student' and getpass.getuser() == 'student'")
    ok(kernel, "import threading\nwith socket.create_server(('127.0.0.1', 0)) as s: socket.create_connection(s.getsockname()).close()  # its own loopback")
    ok(kernel, "import lightning as L, warnings\nwarnings.simplefilter('ignore')\nL.Trainer(max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False, accelerator='cpu')", 60)


def test_a_start_takes_a_moment(start):
    start()
    took = []
    for _ in range(4):
        begin = time.monotonic()
        start()
        took.append(time.monotonic() - begin)
    assert min(took) < 2.0, took  # 0.3 s on an idle machine, this one may be busy


@pytest.mark.full
def test_an_ordinary_user_has_the_same_sandbox(tmp_path):
    """The same in a user namespace without root: as whoever may not write the maps of other users."""
    code = f"""
import sys
sys.path.insert(0, {str(COURSE)!r})
from pathlib import Path
from autograder.containment.kernel import Kernel
import os
assert os.geteuid() == 1234
for kind in ("namespaces", "bwrap"):
    place = Path({str(tmp_path)!r}) / kind
    (place / "work").mkdir(parents=True)
    with Kernel(place / "work", place / "home", place / "library", kind) as kernel:
        assert kernel.run("import os; assert os.getuid() == 1000 and not os.path.exists({str(COURSE / 'solutions')!r})", 60).state == "ok"
        kernel.run(f"open({{kernel.slot('a')!r}}, 'w').write('hello')", 20)
        assert kernel.take("a") == b"hello"
        assert kernel.run("while True: pass", 1).state == "timeout"
"""
    command = ["unshare", "--user", "--map-user=1234", "--map-group=1234", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr


def test_the_boxes_have_every_kind():
    assert {boxes.make(kind, Path("."), Path("."), Path("."), SMALL).__class__.__name__ for kind in sandbox.KINDS} == {
        "NamespaceBox", "BubblewrapBox", "ContainerBox", "Box",
    }  # fmt: skip
