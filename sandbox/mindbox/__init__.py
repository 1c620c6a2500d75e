"""A stand-in for Mindbox: its v3 API over a generated shop or over a folder of NDJSON files."""
