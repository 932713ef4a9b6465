"""Words, numbers and tones, made once for every face."""
