// An inspector's day on a JVM: two phones in one program, a server, and whoever sits in the office.
//
//     java -Djna.library.path=… -cp … ConsoleKt FOLDER PHOTO PHOTO
//
// What only the office can do is asked for in lines that begin with `office:`; answer with a line.

import java.nio.file.Files
import java.nio.file.Path
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import xuncha.*

fun main(arguments: Array<String>) {
    val (folder, wide, close) = arguments
    runBlocking {
        try {
            Day(Path.of(folder), listOf(wide, close)).play()
        } catch (error: FieldException) {
            println("${error.text()} (${error.report.code}): ${error.report.details}")
            throw error
        }
    }
}

private fun office(wanted: String): String {
    println("office: $wanted")
    return readln()
}

private class Day(private val folder: Path, private val photos: List<String>) {
    private val wang = phone("wang")
    private val li = phone("li")

    private fun phone(name: String): Notebook {
        val home = Files.createDirectories(folder.resolve(name))
        return Notebook.open(home.resolve("notebook").toString(), fileKeyStore(home.resolve("device.key").toString()))
    }

    suspend fun play() {
        enrol()
        val finding = visit()
        send(finding)
        conflict(finding)
        refusal()
        space()
        println("saved and sent: ${wang.status().pending} ops and ${wang.status().filesWaiting} files wait")
        wang.close()
        li.close()
    }

    private suspend fun enrol() {
        val enrolled = wang.enrol(office("an invitation for an inspector"))
        println("${enrolled.name} is enrolled in ${enrolled.city}")
        li.enrol(office("an invitation for another inspector, who may decide conflicts"))
        wang.sync()
        li.sync()
        val catalogue = wang.catalogue() ?: error("no catalogue")
        val items = catalogue.actions.sumOf { it.items.size }
        println("catalogue ${catalogue.version}: $items items; ${wang.places().size} places, ${wang.tasks().size} tasks")
    }

    /** A morning without a network: a task, its checklist, something wrong with two photos. */
    private fun visit(): EntityId {
        val task = wang.tasks().first()
        val visit = wang.startInspection(Visit(task = task.id))
        val lines = wang.checklist(visit)
        println("${task.name}: ${lines.size} items, such as ${lines.first().item.name.zh}")
        val wrong = lines.first()
        val place = Place(lat = 36.651, lon = 117.12, accuracy = 6.0, provider = "gps")
        val sealed = photos.zip(listOf(Shows.WIDE, Shows.CLOSE)).map { (path, shows) ->
            wang.sealPhoto(path, Shot(place = place, shows = shows))
        }
        val count = wrong.item.asks.filter { it.kind == AskKind.COUNT }.associate { it.name to Value.Number(3.0) }
        val finding = wang.answerWithFinding(
            visit, wrong.item.id, Answer(isRight = Is.NO, values = count), FindingDraft(note = "站牌小广告"), sealed,
        )
        for (line in lines.drop(1)) {
            wang.answer(visit, line.item.id, Answer(isRight = Is.NA))
        }
        wang.finishInspection(visit)
        println("the visit is finished; ${wang.status().pending} ops and ${wang.status().filesWaiting} files wait")
        return finding
    }

    private suspend fun send(finding: EntityId) {
        var uploaded = 0uL
        val synced = wang.syncAll { step -> if (step is Step.Uploading) uploaded = step.bytes }
        println("sent ${synced.accepted} ops and ${synced.filesSent} files, $uploaded bytes")
        li.sync()
        println("Li Qiang sees: ${li.finding(finding).note}")
    }

    /** Two people say two things of one finding; one of them decides. A list hears of both. */
    private suspend fun conflict(finding: EntityId) {
        wang.amend(finding, FindingDraft(note = "站牌小广告，已清理"))
        val mine = li.amend(finding, FindingDraft(note = "站牌小广告三张"))
        wang.sync()
        runBlocking {
            val heard = launch(Dispatchers.Default) {
                var looks = 0
                val disputed = li.openConflicts().onEach { looks += 1 }.first { it.isNotEmpty() }
                println("a list heard of ${disputed.size} conflict, at look $looks")
            }
            li.sync()
            heard.join()
        }
        val dispute = li.conflicts().single()
        println("${dispute.field}: ${dispute.current.value} or ${dispute.rivals.single().value}")
        li.resolve(dispute.entity, dispute.field, mine)
        li.sync()
        wang.sync()
        println("decided: ${wang.finding(finding).note}")
    }

    /** A new colleague without a role on a shared phone: what comes back is corrected. */
    private suspend fun refusal() {
        wang.setPin("8351")
        wang.signIn(office("an invitation for a colleague without a role"))
        wang.record(FindingDraft(item = "SR-1", note = "店外经营"))
        wang.sync()
        val refused = wang.refused().single()
        println("it comes back: ${refused.zh} / ${refused.en}")
        wang.signIn(office("the role of an inspector for the colleague, and another invitation"))
        wang.correct(refused.op, FindingDraft(note = "店外经营，已劝离"))
        println("corrected: ${wang.sync().accepted} op accepted")
    }

    private suspend fun space() {
        office("a backup")
        wang.sync()
        val freed = wang.freeSpace()
        println("freed ${freed.files} files of ${freed.bytes} bytes")
    }
}
