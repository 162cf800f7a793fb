"""The model: its module folder, its variables, its engines."""
