"""What every test runs with: the smoke budget, the offline digits and one thread, whatever the shell says."""

import os

# Before any test module imports torch, which reads the number of threads once.
os.environ.update(VIT_PROFILE="smoke", VIT_DATA="MNIST-5k", OMP_NUM_THREADS="1")
os.environ.pop("PATH_DATASETS", None)
