"""Worlds of millions of people in raw tables: slice by slice, past the log and the swaps of loads.

Rows are the extractor's own, byte for byte: the API serves them and the extractor decodes them.
Only the landing differs, since a slice of the people holds a part of every day.
"""
