"""`python -m sandbox.mindbox`."""

from sandbox.mindbox.cli import main

main()
