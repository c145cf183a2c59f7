"""A real deploy chain on one machine: registry, engine, SSH server, releases - and every incident on request.

The lab is for tests and the demo. The product never imports it, and it never imports the product.
"""
