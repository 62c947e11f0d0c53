"""What compare.py and soak.py are made of. Standard library only."""
