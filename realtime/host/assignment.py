"""Who plays which note of a chord, at the least cost of all: an exact solver for small tables."""

import math

import numpy as np


def assign(costs: np.ndarray) -> np.ndarray:
    """Return the column of each row, all different, so that their costs sum to the least: int, shape (rows,).

    The Hungarian method with potentials (Kuhn 1955, Munkres 1957), row by row along shortest paths.

    Args:
        costs: finite floats, shape (rows, columns), no more rows than columns.

    Raises:
        ValueError: there are more rows than columns.
    """
    rows, columns = costs.shape
    if rows > columns:
        raise ValueError(f"{rows} rows can't have a column each of {columns}")
    table = costs.tolist()
    row_price, column_price = [0.0] * rows, [0.0] * (columns + 1)
    taken_by = [-1] * (columns + 1)  # the last column stands for the row that still has none
    for row in range(rows):
        column = columns
        taken_by[column] = row
        least, came_from = [math.inf] * columns, [columns] * columns
        seen = [False] * (columns + 1)
        while taken_by[column] >= 0:
            seen[column] = True
            at, step, nearest = taken_by[column], math.inf, columns
            for other in range(columns):
                if seen[other]:
                    continue
                reduced = table[at][other] - row_price[at] - column_price[other]
                if reduced < least[other]:
                    least[other], came_from[other] = reduced, column
                if least[other] < step:
                    step, nearest = least[other], other
            for other in range(columns + 1):
                if seen[other]:
                    row_price[taken_by[other]] += step
                    column_price[other] -= step
                elif other < columns:
                    least[other] -= step
            column = nearest
        while column != columns:
            before = came_from[column]
            taken_by[column], column = taken_by[before], before
    found = np.zeros(rows, np.int64)
    for column in range(columns):
        if taken_by[column] >= 0:
            found[taken_by[column]] = column
    return found
