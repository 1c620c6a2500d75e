"""ClickHouse for one machine: the engine in this process, behind ClickHouse's HTTP interface."""
