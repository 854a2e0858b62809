"""The same small window in each toolkit that was considered; see :mod:`gui_frameworks`.

Each shows a heading, a button, a list of 200 rows and a plot of 4 curves of 2,000 points. It prints one JSON line when it has
painted for the first time (``painted``: seconds since the epoch), redraws the plot for two seconds, prints another line
(``refresh_ms``: time of each redraw), and stays open until its standard input ends.
"""

CURVES = 4
POINTS = 2000
ROWS = 200
SIZE = (1000, 700)
REFRESH_SECONDS = 2.0
