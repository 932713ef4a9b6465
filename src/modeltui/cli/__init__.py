"""The commands without a screen: one module each, imported when it runs."""
