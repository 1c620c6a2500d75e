"""The local stack: every service of the project on one machine, under one supervisor."""
