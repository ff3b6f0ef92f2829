"""Of all cells of a notebook, those that an answer needs are run, and no others."""

from autograder.submissions import slicing


def texts(cells, name, limit=None):
    return [step.text for step in slicing.needed(cells, name, len(cells) if limit is None else limit)]


def test_only_what_an_answer_needs_is_run():
    cells = ["import torch\nfrom google.colab import drive", "drive.mount('/content/drive')\n!pip install einops", "%load_ext tensorboard\nscale = 2", "trainer.fit(model)",
             "def helper(x):\n    return torch.abs(x) * scale", "%%time\ndef f(x):\n    return helper(x)\nprint(f(1))", "%%bash\nrm -rf ."]  # fmt: skip
    assert texts(cells, "f") == ["import torch", "scale = 2", "def helper(x):\n    return torch.abs(x) * scale", "def f(x):\n    return helper(x)"]


def test_later_changes_and_earlier_bindings_belong_to_an_answer():
    cells = ["class A:\n    pass", "def g(self):\n    return 1", "A.f = g\nsetattr(A, 'h', g)", "A = wrap(A)", "from tools import *"]
    assert texts(cells, "A") == ["class A:\n    pass", "def g(self):\n    return 1", "A.f = g", "setattr(A, 'h', g)", "A = wrap(A)", "from tools import *"]


def test_a_name_means_what_it_meant_when_the_test_ran():
    cells = ["n = 1", "def f():\n    return n", "n = 2"]
    assert texts(cells, "f", limit=1)[0] == "n = 1"
    assert texts(cells, "f")[-1] == "n = 2"
    assert texts(cells[1:], "f", limit=0) == ["def f():\n    return n", "n = 2"]  # better late than missing


def test_loading_a_carried_answer_does_not_replace_it():
    cells = ["def img_to_patch(x):\n    return x", "img_to_patch = carry.load('img_to_patch')"]
    assert texts(cells, "img_to_patch") == cells[:1]
    assert not slicing.defines(cells[1], "img_to_patch")
