"""Turns what sources answer into one immutable fleet, and keeps it fresh."""
