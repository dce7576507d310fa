"""Music as data: Standard MIDI Files and tempo."""
