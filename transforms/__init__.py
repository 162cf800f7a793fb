"""What runs inside a Beam worker: read, tokenize, encode, write."""
