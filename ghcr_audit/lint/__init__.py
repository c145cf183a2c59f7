"""Reports written by hand, read: which credentials they leak, and what evidence they hold.

`reading.read_report` is the way in. The package is pure: text in, values out; the verb `lint` reads the files.
"""
