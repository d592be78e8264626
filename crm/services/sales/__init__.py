"""Deals, documents with lines, payments, and our own company, which gives them their terms."""
