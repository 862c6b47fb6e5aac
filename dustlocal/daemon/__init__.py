"""The daemon: the one process that front ends talk to, and the one place that wires everything."""
