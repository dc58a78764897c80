"""Research scripts behind decisions and figures: `python -m evals.lab.NAME --help`. Nothing imports them."""
