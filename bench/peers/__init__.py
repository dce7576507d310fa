"""Other software, measured in the same run as ours."""
