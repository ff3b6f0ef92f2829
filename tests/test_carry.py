"""Carry-over between notebooks, in real kernels: what is saved stands alone, and what cannot be saved says so."""

import os
import subprocess
import sys

import pytest

from helpers import NAMES, carry
from tests.kernel import ROOT, run

PATCHES = [
    "import torch, os\nimport math as m\nfrom helpers import carry",
    "%matplotlib inline\nSCALE = 1",
    "%%time\ndef rows(x, p):\n    !echo hello\n    return x.unflatten(2, (-1, p))  # first version",
    "def img_to_patch(x, patch_size, flatten_channels=True):\n    return 'an early attempt'",
    "def rows(x, p):\n    # [B, C, H, W] -> [B, C, H/p, p, W]\n    return x.unflatten(2, (-1, p))",
    "def columns(x, p): return x.unflatten(4, (-1, p)); unused = 3",
    """@torch.no_grad()
def img_to_patch(x, patch_size, flatten_channels=True):
    if x.shape[2] % patch_size or x.shape[3] % patch_size:
        raise ValueError(f"{m.pi} {SCALE}")
    x = columns(rows(x, patch_size), patch_size)  # [B, C, h, p, w, p]
    x = x.permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
    return x.flatten(2) if flatten_channels else x""",
    "heavy = 1/0",
    "def broken(:\n    pass",
    "x = torch.randn(2, 3, 8, 12)",
    'carry.save("img_to_patch", img_to_patch)',
    "torch.save((x, img_to_patch(x, 4)), 'expected.pt')",
]

BLOCK = [
    "import torch\nfrom torch import nn\nimport torch.nn.functional as F\nfrom helpers import carry",
    'img_to_patch = carry.load("img_to_patch")',
    "x, y = torch.load('expected.pt')\nprint(torch.equal(img_to_patch(x, 4), y), img_to_patch.__name__)",
    'carry.save("img_to_patch", img_to_patch)',
    "class Base(nn.Module):\n    pass\n\nRATIO = 2\nRATIO = RATIO + 0",
    """class MLP(Base):
    def __init__(self, d, hidden):
        super().__init__()
        self.a, self.b = nn.Linear(d, hidden), nn.Linear(hidden, d)

    def forward(self, x):
        return self.b(F.gelu(self.a(x))) * RATIO / 2""",
    """class AttentionBlock(Base):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.mlp = MLP(embed_dim, hidden_dim)""",
    "def forward(self, x):\n    return x + self.mlp(x)\n\nAttentionBlock.forward = forward",
    'carry.save("attention_block", AttentionBlock)',
    """class VisionTransformer(nn.Module):
    def __init__(self, embed_dim):
        super().__init__()
        self.block = AttentionBlock(embed_dim, 8, 1)

    def forward(self, x):
        return self.block(img_to_patch(x, 2))""",
    'carry.save("vision_transformer", VisionTransformer)',
]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A folder in which two notebooks were run one after the other; and what their cells printed."""
    folder = tmp_path_factory.mktemp("course")
    return folder, run(folder, PATCHES), run(folder, BLOCK)


def test_a_function_with_helpers_in_other_cells_is_saved_whole(course):
    folder, printed, _ = course
    assert printed[10] == "Saved your img_to_patch in carry/img_to_patch.py.\n"
    text = (folder / "carry" / "img_to_patch.py").read_text()
    assert "def rows" in text and "def columns" in text and "import math as m" in text and "SCALE = 1" in text
    assert "# [B, C, H, W] -> [B, C, H/p, p, W]" in text  # the student's comments stay
    # The latest definition counts; magics, unused names and the cells that use the function stay behind.
    for absent in ("first version", "early attempt", "matplotlib", "get_ipython", "%", "import os", "torch.randn", "heavy"):
        assert absent not in text.replace("% patch_size", "")
    assert text.count("def rows") == 1


def test_the_saved_files_stand_alone(course, tmp_path):
    """Executed by a fresh Python in another folder; the Vision Transformer finds the block and the patches in the files beside it."""
    folder, _, _ = course
    program = f"""import runpy, torch
first = runpy.run_path({str(folder / "carry" / "img_to_patch.py")!r})
print(first["img_to_patch"](torch.zeros(1, 1, 4, 4), 2).shape)
last = runpy.run_path({str(folder / "carry" / "vision_transformer.py")!r})
model = last["VisionTransformer"](4)
print(model(torch.zeros(1, 1, 4, 4)).shape, hasattr(model.block, "mlp"))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.stdout == "torch.Size([1, 4, 4])\ntorch.Size([1, 4, 4]) True\n", done.stderr


def test_the_next_notebook_gets_the_students_own_code(course):
    _, _, printed = course
    assert printed[1] == "img_to_patch: your own code from carry/img_to_patch.py\n"
    assert printed[2] == "True img_to_patch\n"
    assert printed[3] == "Nothing to save: img_to_patch is already carried over in carry/img_to_patch.py.\n"


def test_a_class_with_its_base_class_helpers_and_later_changes_is_saved(course):
    folder, _, printed = course
    assert printed[8] == "Saved your AttentionBlock in carry/attention_block.py.\n"
    text = (folder / "carry" / "attention_block.py").read_text()
    assert text.index("class Base") < text.index("class MLP") < text.index("class AttentionBlock") < text.index("AttentionBlock.forward = forward")
    assert "RATIO = RATIO + 0" in text and text.index("RATIO = 2") < text.index("RATIO = RATIO + 0")


def test_earlier_stages_are_loaded_not_copied(course):
    folder, _, printed = course
    assert printed[10] == "Saved your VisionTransformer in carry/vision_transformer.py.\n"
    text = (folder / "carry" / "vision_transformer.py").read_text()
    assert 'img_to_patch = carry.load("img_to_patch", beside=' in text
    assert "class AttentionBlock" in text  # defined in this very notebook


def test_without_stored_history_and_with_awkward_definitions(tmp_path):
    (tmp_path / "mine.py").write_text("import torch\nK = 2\ndef twice(x):\n    return K * x\n\ndef img_to_patch(x, patch_size):\n    return twice(x)\n")
    printed = run(
        tmp_path,
        [
            "from helpers import carry\nimport torch\nfrom torch import nn\nfrom functools import partial\nfrom math import *",
            "def patches(x, patch_size, flatten_channels=True, *, k):\n    return floor(k) * x\nmy_version = partial(patches, k=2)",
            'carry.save("img_to_patch", my_version)\nprint(open("carry/img_to_patch.py").read())',
            'from mine import img_to_patch\ncarry.save("img_to_patch", img_to_patch)\nprint(open("carry/img_to_patch.py").read())',
            "from mine import twice as double\ndef img_to_patch(x, patch_size):\n    return double(x)",
            'carry.save("img_to_patch", img_to_patch)\nprint(open("carry/img_to_patch.py").read())',
            "import mine\nimg_to_patch = lambda x, p: mine.twice(x)\n" 'carry.save("img_to_patch", img_to_patch)',
            'def img_to_patch(x, patch_size):\n    """Shapes."""\n    # YOUR CODE HERE\n    raise NotImplementedError()',
            'carry.save("img_to_patch", img_to_patch)\nprint("double" in open("carry/img_to_patch.py").read())',
            'carry.save("patches", img_to_patch)',
            'LitViT = carry.load("lit_vit")\ncarry.save("lit_vit", LitViT)',
            'class Mine(LitViT):\n    pass\ncarry.save("lit_vit", Mine)',
            'carry.save("attention_block", eval("lambda: 1"))',
            "import os\nos.rename('carry', 'aside')\nopen('carry', 'w').close()\ndef img_to_patch(x, p): return x",
            'carry.save("img_to_patch", img_to_patch)',
        ],
        store_history=False,
    )
    assert "my_version = partial(patches, k=2)" in printed[2] and "img_to_patch = my_version" in printed[2] and "from math import *" in printed[2]
    assert "K = 2" in printed[3] and "def twice" in printed[3] and "import mine" not in printed[3] and "import torch" not in printed[3]
    assert "def twice" in printed[5] and "double = twice" in printed[5]
    assert printed[6] == "img_to_patch was not saved: it uses your own file mine.py: please write `from mine import ...` with the names you need.\n"
    assert "not implemented yet" in printed[8] and printed[8].endswith("True\n")  # the earlier version is still there
    assert printed[9].startswith("Not saved: there is no exercise called 'patches'")
    assert "no LitViT carried over yet: a stand-in built from PyTorch's own layers is used (it earns no points)" in printed[10]
    assert "Not saved: this LitViT is the stand-in" in printed[10] and "Not saved" in printed[11]
    assert printed[12].startswith("AttentionBlock was not saved: no cell or file that defines AttentionBlock was found")
    assert printed[14].startswith("img_to_patch was not saved: carry/img_to_patch.py cannot be written")
    assert not list(tmp_path.glob("**/*.part"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def img_to_patch(:\n", "is no valid Python (line 1)"),
        ("1 / 0\n", "stops with ZeroDivisionError (division by zero)"),
        ("import sys; sys.exit()\n", "stops with SystemExit"),
        ("x = 1\n", "defines no img_to_patch"),
    ],
)
def test_a_broken_carried_file_gives_a_sentence_and_the_stand_in(tmp_path, monkeypatch, capsys, text, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "carry").mkdir()
    (tmp_path / "carry" / "img_to_patch.py").write_text(text)
    assert carry.is_standin(carry.load("img_to_patch"))
    out = capsys.readouterr().out
    assert said in out and out.count("\n") == 1


def test_two_files_that_ask_for_each_other_end(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "carry").mkdir()
    for exercise, other in (("img_to_patch", "attention_block"), ("attention_block", "img_to_patch")):
        (tmp_path / "carry" / f"{exercise}.py").write_text(
            f'from helpers import carry\n{NAMES[other]} = carry.load("{other}", beside=globals().get("__file__"))\n{NAMES[exercise]} = 1\n'
        )
    assert carry.load("img_to_patch", "attention_block") == (1, 1)


def test_a_mounted_drive_is_preferred_and_the_newest_file_wins(tmp_path, monkeypatch, capsys):
    drive, here = tmp_path / "MyDrive", tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(carry, "DRIVE", drive)
    assert carry.folder() == here / "carry"
    drive.mkdir()
    assert carry.folder() == drive / "vit-course" / "carry"
    for number, place in enumerate((here / "carry", carry.folder())):
        place.mkdir(parents=True)
        (place / "img_to_patch.py").write_text(f"img_to_patch = {number}\n")
        os.utime(place / "img_to_patch.py", (1000 + number, 1000 + number))
    assert carry.load("img_to_patch") == 1
    os.utime(here / "carry" / "img_to_patch.py", (2000, 2000))
    assert carry.load("img_to_patch") == 0


def test_an_unknown_exercise_is_named(capsys):
    with pytest.raises(ValueError, match="choose one of img_to_patch, attention_block"):
        carry.load("patches")


def test_the_reference_cells_are_carried_with_their_nbgrader_marks(tmp_path):
    """Marks such as ### BEGIN SOLUTION go, the indentation of the line behind them stays."""
    from autograder.building.sources import cells

    source = next(cell.text for cell in cells("01_patches") if cell.nbgrader.get("grade_id") == "img_to_patch_solution")
    assert "### BEGIN SOLUTION" in source
    outputs = run(tmp_path, ["import torch\nfrom helpers import carry", source, 'carry.save("img_to_patch", img_to_patch)'])
    saved = (tmp_path / "carry" / "img_to_patch.py").read_text(encoding="utf-8")
    assert "###" not in saved and "not saved" not in str(outputs)
    namespace = {}
    exec(compile(saved, "img_to_patch.py", "exec"), namespace)
    import torch

    assert namespace["img_to_patch"](torch.zeros(1, 3, 8, 8), 4).shape == (1, 4, 48)
