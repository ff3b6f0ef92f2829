"""The figures of the notebooks: every function draws one and returns the matplotlib Figure.

Nothing here opens a file. Figures are drawn on an opaque light background, so that they read in a dark
notebook theme too, and in colours that colour-blind readers can tell apart.
"""
