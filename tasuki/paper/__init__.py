"""Invoices as their recipient gets them: a Japanese PDF, and a digital invoice in XML.

Built from the billing model, in memory; the same invoice gives the same bytes.
"""
