"""Widgets draw what they are given; they fetch and decide nothing."""
