"""Products of small matrices that lie in flat arrays, row by row."""

from cla.attention.fused.index import place
from cla.attention.fused.kernel import inlined, kernel
from cla.attention.fused.lanes import COUNT, STEP, spread, total, totals
from cla.attention.fused.runs import load, store, upto


@kernel(inline="always")
def _add_rows(sums, matrix, at, stride, part, some):
    """To eight sums of lanes, eight rows of a matrix times a part of a column."""
    a, b, c, d, e, f, g, h = sums
    return (
        a + load(matrix, at, some) * part,
        b + load(matrix, at + stride, some) * part,
        c + load(matrix, at + place(2) * stride, some) * part,
        d + load(matrix, at + place(3) * stride, some) * part,
        e + load(matrix, at + place(4) * stride, some) * part,
        f + load(matrix, at + place(5) * stride, some) * part,
        g + load(matrix, at + place(6) * stride, some) * part,
        h + load(matrix, at + place(7) * stride, some) * part,
    )


@inlined()
def times_column(out, out_at, matrix, matrix_at, column, column_at, rows, size):
    """out = matrix column, of (rows, size) and (size)."""
    stride, target, right = place(size), place(out_at), place(column_at)
    eights, whole, all_ = place(rows // COUNT * COUNT), stride // STEP * STEP, upto(COUNT)
    zero, rest = spread(0.0), upto(stride - whole)
    for row in range(place(0), eights, STEP):
        first = place(matrix_at) + row * stride
        sums = (zero, zero, zero, zero, zero, zero, zero, zero)
        for at in range(place(0), whole, STEP):
            part = load(column, right + at, all_)
            sums = _add_rows(sums, matrix, first + at, stride, part, all_)
        if whole < stride:
            part = load(column, right + whole, rest)
            sums = _add_rows(sums, matrix, first + whole, stride, part, rest)
        store(out, target + row, all_, totals(*sums))
    for row in range(eights, place(rows)):
        first, sum_ = place(matrix_at) + row * stride, zero
        for at in range(place(0), stride, STEP):
            some = upto(stride - at)
            sum_ += load(matrix, first + at, some) * load(column, right + at, some)
        out[target + row] = total(sum_)


@inlined()
def row_times(out, out_at, row, row_at, matrix, matrix_at, rows, size):
    """out = row matrix, of (rows) and (rows, size)."""
    stride, target, origin = place(size), place(out_at), place(row_at)
    pairs = place(rows // 2 * 2)
    for column in range(place(0), stride, STEP):
        some, at = upto(stride - column), place(matrix_at) + column
        even = odd = spread(0.0)
        for index in range(place(0), pairs, place(2)):
            even += spread(row[origin + index]) * load(matrix, at + index * stride, some)
            at_odd = at + (index + place(1)) * stride
            odd += spread(row[origin + index + place(1)]) * load(matrix, at_odd, some)
        if pairs < place(rows):
            even += spread(row[origin + pairs]) * load(matrix, at + pairs * stride, some)
        store(out, target + column, some, even + odd)


@inlined()
def dot(left, left_at, right, right_at, count):
    """The scalar product of two runs."""
    both = spread(0.0)
    for index in range(place(0), count, STEP):
        some = upto(count - index)
        both += load(left, left_at + index, some) * load(right, right_at + index, some)
    return total(both)
