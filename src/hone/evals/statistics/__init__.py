"""The statistics: intervals, tests and decisions. Numbers in, numbers out; no example, call or file is known here."""
