"""Puts the programs together: `observing` for whoever looks, `acting` for whoever may ask for an action."""
