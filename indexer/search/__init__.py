"""From a query to ranked passages: three legs (words of chunks, vectors, words of whole files),
normalised, fused, and ranked by a few rules."""
