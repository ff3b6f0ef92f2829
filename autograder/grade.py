"""`python -m autograder grade`: grades a class in parallel and writes gradebook, grades.csv, feedback and report."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from .asked import asked_for
from .options import CannotGrade, Options, read
from .processes import Workers


def grade(submissions: Path, out: Path, course: Path, options: Options = Options()) -> list[dict]:  # noqa: B008
    """Grade every folder of `submissions` and return the results, one a student, with Verdict objects.

    out: course directory to write; course: checkout with solutions/. What is known from an earlier run into `out` is used
    again where nothing has changed. Raises CannotGrade, in one sentence, where there is nothing to grade or nowhere to write.
    """
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vit-grade-", ignore_cleanup_errors=True)))
        asked = asked_for(Path(submissions), Path(out), Path(course), options, scratch)
        workers = None if options.scheduler else stack.enter_context(Workers(max(min(options.at_a_time, len(asked.to_grade)), 1), str(scratch)))
        from .records import ledger  # these imports take seconds; the workers do theirs at the same time
        from .run import REFUSALS, Run

        try:
            stack.enter_context(ledger.alone(out))
            run = Run(asked, Path(out), Path(course), options, scratch, workers)
        except REFUSALS as error:
            raise CannotGrade(str(error)) from error
        return run.grade()


def main(argv: list[str] | None = None) -> int:
    """Grade a class; 0 when every submission got a verdict, whatever it is."""
    submissions, out, course, chosen = read(argv)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the workers share the cores
    try:
        results = grade(submissions, out, course, chosen)
    except CannotGrade as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"Stopped. The same command goes on from what is in {out}.", file=sys.stderr)
        return 130
    verdicts = [v for result in results for record in result["notebooks"].values() for v in record["verdicts"]]
    counted = Counter(verdict.status for verdict in verdicts)
    print(f"{len(results)} students, {len(verdicts)} graded cells: {', '.join(f'{count} {status}' for status, count in counted.most_common())}")
    for what, name in (("grades", "grades.csv"), ("report", "report.html"), ("feedback", "feedback/<student>/<notebook>.html"), ("gradebook", "gradebook.db")):
        print(f"{what + ':':10} {out / name if what != 'gradebook' or not chosen.db else 'in the database of --db'}")
    return 1 if any("grader_error" in verdict.findings for verdict in verdicts) else 0
