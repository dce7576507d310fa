"""Concertino's live side: everything a player installs, from the plugin contract to the audio thread."""
