"""Measurements of accuracy and speed; run by hand, recorded in results.json, never part of the test suite."""
