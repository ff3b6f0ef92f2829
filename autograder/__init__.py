"""What instructors run: build the notebooks, release them to students, grade a class."""
