"""Numbers in, numbers out: Numba and NumPy over Arrow buffers. No Beam, no config, no files."""
