"""The notebooks and the students' repository, built from the text sources in solutions/."""
