"""The trainer. torch lives here and nowhere else."""
