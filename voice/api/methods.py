"""The methods that our routes may have."""

METHODS = ["get", "head", "post", "patch", "delete"]
"""Not OPTIONS, which would describe a view's fields in a format of DRF's own: that is the schema's task."""
