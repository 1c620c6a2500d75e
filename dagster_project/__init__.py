"""Orchestration: knows everybody, and nobody knows it."""
