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
    tell("first page once", millis { check(notebook.list(null, 50u).size == 50) })
    // The JVM compiles what it has seen often enough.
    repeat(40) { notebook.list(null, 1_000u) }
    tell("first page", median(21) { notebook.list(null, 50u) })
    tell("list", median(41) { check(notebook.list(null, 1_000u).size == 1_000) })
    repeat(100) { notebook.record(FindingDraft(item = "SR-1", note = "占道堆物")) }
    tell("record", median(201) { notebook.record(FindingDraft(item = "SR-1", note = "占道堆物")) })
    val saves = photos.chunked(10).map { ten ->
        millis { notebook.record(FindingDraft(item = "SR-1", note = "占道堆物"), ten.map { notebook.sealPhoto(it) }) }
    }
    tell("record with ten photos", saves.sorted()[saves.size / 2])
    notebook.close()
}
