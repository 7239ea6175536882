"""The structure of the three upload formats, read without decoding: where the sound lies and how long it must be.

Standard library only, bytes in, figures out; used inside the decoding child.
"""
