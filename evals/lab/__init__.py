"""Research scripts behind decisions and figures, each run with `python -m evals.lab.NAME --help`; nothing imports them."""
