"""Every speed claim as a row: our command against a peer's, in one run, as ratios.

Run it with ``python -m tests.benchmarks``. It measures and never judges: a machine that is busy
or old makes both slower, so a ratio is what may be quoted, and no test waits for it.
"""
