"""The objects that commands print: the same for every orchestrator, as in ``-o json``.

Field names are the JSON names in snake case. Unknown is None and stays in the
JSON as ``null``. Nothing in here knows an orchestrator's API.
"""
