// A list of findings as a list of Kotlin's.
package xuncha

/** Rows that are fetched first: more than a screen shows, and few to fetch in vain. */
private const val FIRST = 16

/**
 * The findings as a list like any other, to be read from any thread. Rows are fetched from the library as they are
 * looked at, a few at a time, and then kept. Nothing is read from the storage for that.
 */
fun FindingList.rows(): List<Listed> = FetchedRows(this)

// Java's list and not Kotlin's: it is in memory when an app starts. Nobody gets to see that it could be changed, and it cannot.
private class FetchedRows(private val list: FindingList) : java.util.AbstractList<Listed>(), RandomAccess {
    override val size = list.size().toInt()

    // Each is twice as long as the one before: whoever looks so far down is likely to go on.
    private val pieces = arrayOfNulls<List<Listed>>(32)

    override fun get(index: Int): Listed {
        if (index !in 0 until size) throw IndexOutOfBoundsException("index $index of $size rows")
        val number = 31 - (index / FIRST + 1).countLeadingZeroBits()
        val start = FIRST * ((1 shl number) - 1)
        return synchronized(pieces) {
            pieces[number] ?: list.read(start.toUInt(), (FIRST shl number).toUInt()).also { pieces[number] = it }
        }[index - start]
    }

    // The library compares without handing rows over; a list that holds others is compared row by row.
    override fun equals(other: Any?) = if (other is FetchedRows) list == other.list else super.equals(other)

    override fun hashCode() = super.hashCode()
}
