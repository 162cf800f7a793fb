"""The difference between two generations, record by record."""
