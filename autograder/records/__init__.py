"""nbgrader's course directory and gradebook, and what a run keeps for the next one."""
