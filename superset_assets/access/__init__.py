"""Who may do what in ClickHouse: one file for the local stand-in and for a real server."""
