"""The configuration file: where it is, what it may say, what is wrong with it."""
