"""Mindbox's v3 HTTP API, as far as exports, merges and the summary report need it."""
