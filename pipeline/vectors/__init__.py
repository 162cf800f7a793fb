"""The vectors of a folder with their ids and fields, for programs that search and store them."""
