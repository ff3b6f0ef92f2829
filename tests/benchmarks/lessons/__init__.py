"""The recorded runs of lessons 05-09: rows, recipes, models, and the recorder of solutions/results.json."""
