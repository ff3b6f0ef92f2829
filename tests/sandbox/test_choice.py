"""Which sandbox is used, what it is told, and what is said where there is none."""

import sys
from pathlib import Path

import pytest

from autograder.containment import boxes, containers, sandbox
from autograder.containment.sandbox import NoSandbox, View, choose
from tests.sandbox import CONTAINED, SMALL


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


def test_the_boxes_have_every_kind():
    assert {boxes.make(kind, Path("."), Path("."), Path("."), SMALL).__class__.__name__ for kind in sandbox.KINDS} == {
        "NamespaceBox", "BubblewrapBox", "ContainerBox", "Box",
    }  # fmt: skip
