"""Boards, generated datasets, roles and theme of Superset, and the tool that carries them there."""
