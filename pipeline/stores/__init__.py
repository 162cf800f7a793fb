"""Load the vectors of a job into stores that search them; `kinds` has one file for each store."""
