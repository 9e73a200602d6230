"""What commands return: the normalised objects, as they stand in ``-o json``.

Field names are the JSON names in snake case. Unknown is None and stays in the
JSON as ``null``. Nothing in here knows an orchestrator's API.
"""
