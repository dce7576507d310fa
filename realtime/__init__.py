"""Concertino's live side: everything a player installs, from the plugin contract to the audio thread."""

import os

# ONNX Runtime reports to its maker from 1.29 on Linux and macOS too (microsoft/onnxruntime pull request
# 27379), from a thread of its own, unless this is set before it is loaded. What is played is nobody's
# business; who wants to report sets it to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
