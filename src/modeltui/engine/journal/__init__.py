"""The record, followed for the screens and asked what served when."""
