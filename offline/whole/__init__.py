"""Separators that see the whole piece before they label a note: for scores and files, not for playing live."""
