"""The record of what was asked, refused, done and seen: lines that prove each other, and what they answer."""
