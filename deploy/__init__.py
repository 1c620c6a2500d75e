"""What production's images are made of."""
