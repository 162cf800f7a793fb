"""What this process may use of its machine: processors, memory, and processes of its Python."""
