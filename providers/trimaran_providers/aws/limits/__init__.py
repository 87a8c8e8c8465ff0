"""Limits of AWS that a single field of the spec does not show, by section.

Sources are in the comments: botocore's service models at version 1.44.5, and AWS's pages, read
2026-11-24. Values that another resource supplies (Pulumi outputs) are not looked at.
"""
