// A list of findings as a list of Kotlin's.
package xuncha

/** Rows that are fetched together: more than a screen shows, and little to fetch in vain. */
private const val PIECE = 24

/**
 * The findings as a list like any other, to be read from any thread. Rows are fetched from the library as they are
 * looked at, a few at a time, and then kept. Nothing is read from the storage for that.
 */
fun FindingList.rows(): List<Listed> = FetchedRows(this)

// Java's list and not Kotlin's: it is in memory when an app starts. Nobody gets to see that it could be changed, and it cannot.
private class FetchedRows(private val list: FindingList) : java.util.AbstractList<Listed>(), RandomAccess {
    override val size = list.size().toInt()

    private val pieces = arrayOfNulls<List<Listed>>((size + PIECE - 1) / PIECE)

    override fun get(index: Int): Listed {
        if (index !in 0 until size) throw IndexOutOfBoundsException("index $index of $size rows")
        return piece(index / PIECE)[index % PIECE]
    }

    private fun piece(number: Int): List<Listed> = synchronized(pieces) {
        pieces[number] ?: list.read((number * PIECE).toUInt(), PIECE.toUInt()).also { pieces[number] = it }
    }

    // The library compares without handing rows over; a list that holds others is compared row by row.
    override fun equals(other: Any?) = if (other is FetchedRows) list == other.list else super.equals(other)

    override fun hashCode() = super.hashCode()
}
