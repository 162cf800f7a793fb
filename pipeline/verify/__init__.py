"""`verify`: check the files of an output folder against its receipts, plan and sources."""
