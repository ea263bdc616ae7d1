"""The guards, one story a file. A new row goes into the file of its story."""
