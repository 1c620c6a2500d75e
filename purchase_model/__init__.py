"""How many orders customers still make, and of what value: BG/NBD and Gamma-Gamma.

Reads the orders of every customer as the marts hold them, fits both models by maximum likelihood
for each brand and for all brands together, tests them on held-out days, and writes the parameters
where dbt's marts `mart_purchase_models` and `mart_expected_orders` show them.
"""
