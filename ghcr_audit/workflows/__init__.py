"""What a repository's GitHub Actions workflows do for one tag: parsed and judged without running anything. Pure.

Three answers to every question: yes, no, perhaps. What cannot be told from the files is `perhaps`, and never a fault.
"""
