"""Separators that see a whole piece before they label a note: for files, not for playing live."""
