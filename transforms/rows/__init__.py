"""Make the rows of the records from the documents of a part: windows of long documents."""
