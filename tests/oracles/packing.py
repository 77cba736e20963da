"""Best-fit-decreasing piece by piece."""


def best_fit_decreasing(lengths: list[int], context_len: int) -> list[list[int]]:
    """Rows of lengths: each piece, longest first, into the fullest row that still takes it."""
    rows: list[list[int]] = []
    for length in sorted(lengths, reverse=True):
        fitting = [row for row in rows if sum(row) + length <= context_len]
        if fitting:
            max(fitting, key=sum).append(length)
        else:
            rows.append([length])
    return rows
