"""What a question about metrics and slices becomes in SQL: the rows that answer it.

A board asks for metrics by slices over a period. Which tables that takes, at which moments states
are read, how a product or a mailing reaches an order, and which slices a denominator ignores is
decided here, once, instead of in every chart. See the README beside this file.
"""
