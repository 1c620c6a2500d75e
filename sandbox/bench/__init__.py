"""Measurements of speed, each beside its peer or its limit; `make bench` prints and stores them."""
