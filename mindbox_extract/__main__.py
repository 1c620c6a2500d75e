"""Entry point of `python -m mindbox_extract`."""

from .cli import main

main()
