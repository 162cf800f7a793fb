"""Compare the vectors of this program with those of the programs that models come from."""
