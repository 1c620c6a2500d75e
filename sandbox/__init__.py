"""Stand-ins for the outside systems, and the local stack; production code never imports it."""
