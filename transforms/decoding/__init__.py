"""Decode files from other people in a process of their own, whose end costs the file alone.

Arrow's C++ ends its process at some damaged files, and asks for any memory at others. The modules
`decoder_main`, `decoder_stream`, `row_groups`, `fixed_lists` and `plain_types` run in that process,
the others in the reader's.
"""
