"""Digital invoices: JP PINT (Peppol) as UBL 2.1 XML, built and checked.

Handing a file to the Peppol network is the task of an access point, not of Tasuki.
"""
