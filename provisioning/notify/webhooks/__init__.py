"""Signed webhooks, as the Standard Webhooks specification describes them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""
