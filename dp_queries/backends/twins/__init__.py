"""The operators of row-level expressions in plain Python, by what they are about; merged in `evaluate.EVALUATED`."""
