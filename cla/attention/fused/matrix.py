"""Products of small matrices that lie in flat arrays, row by row."""

from cla.attention.fused.index import clear_run, place
from cla.attention.fused.kernel import kernel


@kernel(fastmath={"reassoc", "contract"})
def times_column(out, out_at, matrix, matrix_at, column, column_at, rows, size):
    """out = matrix column, of (rows, size) and (size); four rows at a time."""
    stride, target, right = place(size), place(out_at), place(column_at)
    quads = place(rows // 4 * 4)
    for row in range(place(0), quads, place(4)):
        first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
        left = place(matrix_at) + row * stride
        for index in range(stride):
            part = column[right + index]
            first += matrix[left + index] * part
            second += matrix[left + stride + index] * part
            third += matrix[left + place(2) * stride + index] * part
            fourth += matrix[left + place(3) * stride + index] * part
        out[target + row], out[target + row + place(1)] = first, second
        out[target + row + place(2)], out[target + row + place(3)] = third, fourth
    for row in range(quads, place(rows)):
        total = 0.0
        for index in range(stride):
            total += matrix[place(matrix_at) + row * stride + index] * column[right + index]
        out[target + row] = total


@kernel(fastmath={"reassoc", "contract"})
def row_times(out, out_at, row, row_at, matrix, matrix_at, rows, size):
    """out = row matrix, of (rows) and (rows, size); four rows of the matrix at a time."""
    stride, target, left = place(size), place(out_at), place(row_at)
    clear_run(out, out_at, size)
    quads = place(rows // 4 * 4)
    for index in range(place(0), quads, place(4)):
        one, two = row[left + index], row[left + index + place(1)]
        three, four = row[left + index + place(2)], row[left + index + place(3)]
        at = place(matrix_at) + index * stride
        for column in range(stride):
            out[target + column] += (
                one * matrix[at + column]
                + two * matrix[at + stride + column]
                + three * matrix[at + place(2) * stride + column]
                + four * matrix[at + place(3) * stride + column]
            )
    for index in range(quads, place(rows)):
        share = row[left + index]
        for column in range(stride):
            out[target + column] += share * matrix[place(matrix_at) + index * stride + column]
