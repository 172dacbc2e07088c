// What crossing costs, on a JVM that has warmed up; the figures go to tests/load.
//
//     MeasureKt FOLDER KEY PHOTO…       prints `name milliseconds`, the median of each

import xuncha.*

private fun millis(work: () -> Unit): Double {
    val began = System.nanoTime()
    work()
    return (System.nanoTime() - began) / 1e6
}

private fun median(rounds: Int, work: () -> Unit): Double = List(rounds) { millis(work) }.sorted()[rounds / 2]

fun main(arguments: Array<String>) {
    val (folder, key) = arguments
    val photos = arguments.drop(2)
    fun tell(name: String, millis: Double) = println("$name $millis")

    lateinit var notebook: Notebook
    tell("open", millis { notebook = Notebook.open(folder, fileKeyStore(key)) })
    // A screen shows some dozen rows. The list is freed as Rust frees what it listed.
    fun show(limit: UInt, count: Int = 16) {
        val list = notebook.list(null, limit)
        val rows = list.rows()
        check(rows.size == limit.toInt())
        for (index in 0 until count) check(rows[index].finding.status.isNotEmpty())
        list.close()
    }
    tell("first page once", millis { show(50u) })
    // The JVM compiles what it has seen often enough.
    repeat(100) { show(1_000u, 1_000) }
    tell("first page", median(21) { show(50u) })
    tell("list", median(101) { show(1_000u) })
    tell("list, every row", median(41) { show(1_000u, 1_000) })
    // More often than the JVM interprets a call.
    repeat(400) { notebook.record(FindingDraft(item = "SR-1", note = "占道堆物")) }
    tell("record", median(201) { notebook.record(FindingDraft(item = "SR-1", note = "占道堆物")) })
    val saves = photos.chunked(10).map { ten ->
        millis { notebook.record(FindingDraft(item = "SR-1", note = "占道堆物"), ten.map { notebook.sealPhoto(it) }) }
    }
    tell("record with ten photos", saves.sorted()[saves.size / 2])
    notebook.close()
}
