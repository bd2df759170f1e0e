"""Receiving what systems tell, and looking at it: the receiver and the drain."""
