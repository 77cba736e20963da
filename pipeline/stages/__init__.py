"""One file, one hop. Beam lives here and in run.py, nowhere else."""
