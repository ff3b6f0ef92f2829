"""Kernels that student code cannot get out of, and the warm process that they are forked from."""
