"""The window in Tkinter. Plots on its canvas: it has no plotting widget of its own."""

from __future__ import annotations

import json
import math
import sys
import time
import tkinter
from tkinter import ttk

CURVES, POINTS, ROWS, SIZE, REFRESH_SECONDS = 4, 2000, 200, (1000, 700), 2.0
COLOURS = ("#2a6fdb", "#d9822b", "#2f9e6e", "#b4418e")


def points(frame: int, curve: int, width: int, height: int) -> list[float]:
    """Alternating x and y in pixels."""
    flat = []
    for n in range(POINTS):
        x = 20 * n / POINTS
        flat += [width * n / POINTS, height / 2 * (1 - math.sin(x + frame / 10 + curve) / 2)]
    return flat


def main() -> None:
    """Show the window, report, wait for the end of the standard input."""
    root = tkinter.Tk()
    root.geometry(f"{SIZE[0]}x{SIZE[1]}")
    ttk.Label(root, text="Training", font=("", 18)).pack(anchor="w")
    ttk.Button(root, text="Start").pack(fill="x")
    rows = tkinter.Listbox(root, height=12)
    rows.insert("end", *[f"recording {n}.wav" for n in range(ROWS)])
    rows.pack(fill="x")
    canvas = tkinter.Canvas(root, background="black", height=300)
    canvas.pack(fill="both", expand=True)
    root.update()  # returns when everything mapped has been drawn
    print(json.dumps({"painted": time.time()}), flush=True)
    width, height = canvas.winfo_width(), canvas.winfo_height()
    lines = [canvas.create_line(*points(0, n, width, height), fill=COLOURS[n]) for n in range(CURVES)]
    times = []
    end = time.perf_counter() + REFRESH_SECONDS
    frame = 0
    while time.perf_counter() < end:
        frame += 1
        started = time.perf_counter()
        for n, line in enumerate(lines):
            canvas.coords(line, *points(frame, n, width, height))
        root.update()
        times.append(1000 * (time.perf_counter() - started))
    print(json.dumps({"refresh_ms": times}), flush=True)
    sys.stdin.read()
    root.destroy()


if __name__ == "__main__":
    main()
