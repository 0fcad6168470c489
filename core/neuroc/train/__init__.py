"""The training toolkit (extra ``[train]``): sampling, optimiser, fake quantisation, resumable sessions.

Nothing here is needed to encode or decode; this is the only place besides engines/torch.py that imports torch.
"""
