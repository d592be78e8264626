"""Exports: clients, contacts and records of any type as CSV, XLSX or vCards."""
