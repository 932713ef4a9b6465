"""What may be done, by whom, on what premise, behind which guard; and how it is known that it took. All of it pure."""
