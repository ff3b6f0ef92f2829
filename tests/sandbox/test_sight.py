"""What student code can see and reach: no network, no files of the grader or of others, no other process."""

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from autograder.building.sources import COURSE
from autograder.containment import warm
from autograder.containment.sandbox import Limits
from tests.sandbox import CANARY, CONTAINED, ok


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
    course = [COURSE / "solutions" / "01_patches.py", COURSE / "autograder" / "judging" / "worker.py", COURSE / "tests" / "sandbox" / "test_sight.py"]
    return [*secret, *course, *filter(Path.exists, [COURSE / ".git" / "HEAD"])]


@pytest.mark.parametrize("kind", CONTAINED)
def test_no_sight_of_solutions_tests_gradebook_or_other_submissions(start, tmp_path, kind):
    secret = [str(path) for path in places(tmp_path)]
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
