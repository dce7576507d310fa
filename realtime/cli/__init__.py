"""The command line: ``concertino``."""
