"""The host: everything around the process core, off the audio thread."""
