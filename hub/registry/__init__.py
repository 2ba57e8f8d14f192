"""The registry: which nodes there are, which tokens, and which statements have come.

SQLite by default, any database of SQLAlchemy by URL. Every change is one transaction, and it is
durable when the function that made it returns.
"""
