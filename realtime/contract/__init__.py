"""The plugin contract: what passes between training (``offline``) and playing (``realtime``)."""
