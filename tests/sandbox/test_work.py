"""Ordinary work goes on, files go in and answers come out."""

import subprocess
import sys
import time

import pytest

from autograder.building.sources import COURSE
from autograder.containment.sandbox import Limits
from tests.sandbox import CANARY, CONTAINED, ok


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
