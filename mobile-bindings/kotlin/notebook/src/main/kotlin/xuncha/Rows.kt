// A list of findings as a list of Kotlin's.
package xuncha

import java.util.concurrent.atomic.AtomicReferenceArray

/** Rows that are fetched together: more than a screen shows, and little to fetch in vain. */
private const val PIECE = 32

/**
 * The findings as a list like any other, to be read from any thread. Rows are fetched from the library as they are
 * looked at, a few at a time, and then kept. Nothing is read from the storage for that.
 */
fun FindingList.rows(): List<Listed> = FetchedRows(this)

private class FetchedRows(private val list: FindingList) : AbstractList<Listed>(), RandomAccess {
    override val size = list.size().toInt()

    // Two threads may fetch the same piece: either is right.
    private val pieces = AtomicReferenceArray<List<Listed>>((size + PIECE - 1) / PIECE)

    override fun get(index: Int): Listed {
        if (index !in 0 until size) throw IndexOutOfBoundsException("index $index of $size rows")
        return piece(index / PIECE)[index % PIECE]
    }

    private fun piece(number: Int): List<Listed> =
        pieces[number] ?: list.read((number * PIECE).toUInt(), PIECE.toUInt()).also { pieces[number] = it }

    // The library compares without handing rows over; a list that holds others is compared row by row.
    override fun equals(other: Any?) = if (other is FetchedRows) list == other.list else super.equals(other)

    override fun hashCode() = super.hashCode()
}
