"""Entry point of `python -m sandbox.clickhouse`."""

from sandbox.clickhouse.cli import main

if __name__ == "__main__":
    main()
