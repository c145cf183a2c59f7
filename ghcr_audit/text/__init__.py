"""Foreign text made fit for where it is shown: Markdown, a terminal, XML and HTML; and text in columns."""
