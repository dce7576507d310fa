"""Presets: everything that can be steered, in a readable file; set lists; and the session as it was."""
