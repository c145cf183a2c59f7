"""The HTML report's parts: its style, its Markdown made fit for a page, and its contents."""
