"""`python -m autograder grade | explain | export | demo | build | release`: what instructors run."""

from __future__ import annotations

import importlib
import sys

COMMANDS = {
    "grade": "grade a class",
    "explain": "print what a verdict rests on",
    "export": "write the grades as files for Canvas, Moodle or Gradescope",
    "demo": "execute the notebooks, build the release and grade a sample class",
    "build": "build the notebooks from the text sources in solutions/",
    "release": "write the repository that students get",
}
MODULES = {"explain": "pages.explain", "export": "pages.exports", "build": "building.build", "release": "building.release"}  # the others have the command's name


def main(argv: list[str] | None = None) -> int:
    """Run one command with the arguments after its name; 0 where it went well."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] not in COMMANDS:
        lines = [f"  {name:8} {text}" for name, text in COMMANDS.items()]
        print("usage: python -m autograder COMMAND ...", *lines, "`python -m autograder COMMAND --help` tells more.", sep="\n")
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    # Only what the command needs is imported: building a notebook needs no torch.
    return importlib.import_module(f".{MODULES.get(arguments[0], arguments[0])}", __package__).main(arguments[1:])


if __name__ == "__main__":
    sys.exit(main())
