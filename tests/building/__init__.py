"""A course of one small notebook for the tests of the builder."""

SOURCE = """\
# %% [markdown]
# # 1 · Adding
#
# Adds two numbers.

# %%
import math

# %% nbgrader={"grade": false, "grade_id": "add_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
def add(a, b=0):
    \"\"\"Returns the sum.\"\"\"
    ### BEGIN SOLUTION
    return math.fsum([a, b])
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "add", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
points = 2
### BEGIN HIDDEN TESTS
points = 2 * (add(20, 22) == 42)
### END HIDDEN TESTS
points

# %% tags=["skip-grading"]
# %config InlineBackend.figure_formats = ["png"]
print("done")
"""


def course_with(folder, source):
    (folder / "solutions").mkdir(parents=True)
    (folder / "solutions" / "01_adding.py").write_text(source, encoding="utf-8")
    (folder / "pyproject.toml").write_text('[tool.course]\nrepo = "teacher/course"\nbranch = "main"\n', encoding="utf-8")
    return folder
