"""The lab for users without root: in user, network, process and mount namespaces of their own.

`machine` says whether that can be here and why not, `kernel` makes the system calls, `holder` makes the namespaces
and runs commands in them, `relay` hands the user's loopback ports on to those inside, `shared_folders`
keeps other users' folders in /tmp apart, `record` remembers which namespaces hold which lab. `python -m lab.rootless`
is what `./run` starts. See user_namespaces(7), ADR 14.
"""
