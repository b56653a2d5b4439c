"""Other systems on the same trips, each in an environment of its own.

`measuring.py` is ours. `smartnoise.py` and `opendp_polars.py` are run by the peers' own interpreters and import nothing
of ours; the text files beside them are their requirements.
"""
