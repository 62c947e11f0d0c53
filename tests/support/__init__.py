"""What the system tests share: the programs under test, models of their peers, and faults.

Every module here needs the standard library alone, binds loopback port 0 and ends what it started.
"""
