"""What the API hands out: rows of the world or of a folder, as the JSON of Mindbox's exports."""
