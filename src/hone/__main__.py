"""`python -m hone`, for where the console script is not on the path."""

from hone.cli import main

main()
