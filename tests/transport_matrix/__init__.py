"""Every way a call can end, over plain HTTP and TLS, compared with what the server saw.

`modes` is the table: how the server behaves and what `PanelClient.add` must make of it. The
servers run in a process of their own (`provider`), `callers` call them, `checker` compares what the
client claims with the truth of the server. `python -m tests.transport_matrix` prints the figures.
"""
