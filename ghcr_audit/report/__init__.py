"""The report: one model, judged from an audit, and every form that it is shown in."""
