"""The one rig: starts the product and the servers that it needs, for tests, benchmarks and chaos rows alike.

The client that talks to it is the demo's, `local.client`.
"""
