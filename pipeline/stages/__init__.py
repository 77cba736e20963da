"""One file, one hop. Beam lives here and in run.py, nowhere else."""

import logging

# Importing Beam warns about cloud libraries that nobody here asked for.
logging.getLogger().addFilter(lambda record: "apitools" not in record.getMessage())
