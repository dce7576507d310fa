"""One control interface: a table of what can be read and changed, and the transports that derive from it."""
