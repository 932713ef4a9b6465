"""Tables as a registry, in SQLite or PostgreSQL: for teams that keep their models in a database of their own.

`schema` the tables, to be copied · `options` which of them a team has, and under which names · `tables` what is really
there · `session` how both databases are asked · `sqlite` and `postgresql` how they are opened · `listing` models and
versions · `facts` and `provenance` where a version comes from · `registry` the port.
"""
