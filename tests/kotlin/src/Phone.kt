// A phone that speaks Kotlin: reads one call a line, with tabs between its words, and says what came of it.
//
// The calls are those of the stories in tests/it/bindings; each is handed to the generated classes as an app would do
// it. A reply is `ok` and its words, or `err`, the variant, the code, the field and the words to show.

import java.io.File
import java.time.Duration
import java.time.Instant
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock
import kotlinx.coroutines.runBlocking
import xuncha.*

private const val GIVEN = "\u001f"

private fun given(vararg words: Any?): String = words.joinToString(GIVEN) { it?.toString() ?: "" }

/** A draft from words such as `note=…`. */
private fun draft(fields: List<String>): FindingDraft {
    fun of(name: String) = fields.firstOrNull { it.startsWith("$name=") }?.substringAfter('=')
    val point = of("at")?.split(",")?.map { it.toDouble() }
    return FindingDraft(
        item = of("item"),
        note = of("note"),
        why = of("why"),
        severity = of("severity")?.let { Severity.valueOf(it.uppercase()) },
        place = point?.let { Place(lat = it[0], lon = it[1], accuracy = 8.0, provider = "gps") },
        addTags = fields.filter { it.startsWith("tag=") }.map { it.substringAfter('=') },
    )
}

private fun words(value: Value?): String = when (value) {
    null -> ""
    is Value.Text -> value.text
    is Value.Number -> value.number.toString()
    is Value.Structure -> value.json
}

/** Counts what it is told. */
private class Heard : ChangeListener {
    private val lock = ReentrantLock()
    private val told = lock.newCondition()
    private var times = 0

    override fun changed() = lock.withLock {
        times += 1
        told.signalAll()
    }

    fun reach(count: Int): Boolean = lock.withLock {
        var left = TimeUnit.SECONDS.toNanos(60)
        while (times < count && left > 0) left = told.awaitNanos(left)
        times >= count
    }
}

private class Phone {
    private lateinit var notebook: Notebook
    private var subscription: Subscription? = null
    private val heard = Heard()

    /** Photos by their path, or as bytes. */
    private fun photos(fields: List<String>) = fields.mapNotNull { field ->
        val path = field.substringAfter('=')
        when (field.substringBefore('=')) {
            "photo" -> notebook.sealPhoto(path)
            "bytes" -> notebook.sealPhotoBytes(File(path).readBytes())
            else -> null
        }
    }

    suspend fun call(call: String, w: List<String>): List<String> = opening(call, w) ?: recording(call, w)
        ?: casework(call, w) ?: judged(call, w) ?: visiting(call, w) ?: carrying(call, w) ?: sharing(call, w)
        ?: throw IllegalArgumentException("no call $call")

    private fun casework(call: String, w: List<String>): List<String>? = when (call) {
        "notices" -> notebook.notices().map {
            given(it.id, it.status, it.number, it.findings.size, it.deadlines.size, it.demand)
        }
        "sign" -> listOf(notebook.signFor(w[0]))
        "reply" -> listOf(notebook.reply(w[0], w[1], photos(w)))
        "send_back" -> listOf(notebook.returnFinding(w[0], w[1], photos(w)))
        "close" -> listOf(notebook.closeFinding(w[0], w[1], photos(w)))
        "give_back" -> listOf(notebook.giveBack(w[0], w[1]))
        "extend" -> listOf(notebook.requestExtension(w[0], Instant.parse(w[1]), w[2]))
        "appeal" -> listOf(notebook.appeal(w[0], w[1]))
        else -> null
    }

    private suspend fun opening(call: String, w: List<String>): List<String>? = when (call) {
        "open" -> nothing { notebook = Notebook.open(w[0], fileKeyStore(w[1])) }
        "open_as_new_device" -> nothing { notebook = Notebook.openAsNewDevice(w[0], fileKeyStore(w[1])) }
        "enrol" -> listOf(notebook.enrol(w[0]).name)
        "sign_in" -> listOf(notebook.signIn(w[0]).name)
        "suspend" -> nothing { notebook.suspend(Duration.ofSeconds(5)) }
        "resume" -> nothing { notebook.resume() }
        "shut" -> nothing { notebook.shut() }
        "check" -> notebook.check()
        "watch" -> nothing { subscription = notebook.watch(heard) }
        "heard_of" -> listOf(heard.reach(w[0].toInt()).toString())
        else -> null
    }

    private suspend fun recording(call: String, w: List<String>): List<String>? = when (call) {
        "record" -> listOf(notebook.record(draft(w), photos(w)))
        "amend" -> listOf(notebook.amend(w[0], draft(w), photos(w)))
        "void" -> listOf(notebook.void(w[0], w[1]))
        "fix" -> listOf(notebook.fixOnTheSpot(w[0], photos(w)))
        "finding" -> notebook.finding(w[0]).let {
            listOf(it.status, it.note ?: "", "${it.photos.size}", "${it.evidence.originals}", given(*it.tags.toTypedArray()))
        }
        "list" -> generateSequence(notebook.list(null, 100u)) { page -> page.lastKey()?.let { notebook.list(it, 100u) } }
            .flatMap { it.rows() }
            .map { given(it.finding.id, it.finding.index, it.finding.note) }.toList()
        "near" -> notebook.near(w[0].toDouble(), w[1].toDouble(), w[2].toDouble()).map { it.finding.id }
        "save_draft" -> listOf(notebook.saveDraft(draft(w)))
        "drafts" -> notebook.drafts().map { given(it.id, it.draft.note) }
        "record_draft" -> listOf(notebook.recordDraft(w[0]))
        else -> null
    }

    private suspend fun judged(call: String, w: List<String>): List<String>? = when (call) {
        "sync" -> notebook.sync(attempts = 1u).let {
            listOf(it.pushed, it.accepted, it.refused, it.conflicts, it.filesSent).map { count -> count.toString() }
        }
        "status" -> notebook.status().let {
            val counts = listOf(it.pending, it.refused, it.conflicts, it.filesWaiting, it.freeableBytes)
            counts.map { count -> count.toString() } + (it.name ?: "")
        }
        "conflicts" -> notebook.conflicts().map { one ->
            val claims = (listOf(one.current) + one.rivals).map { "${words(it.value)}=${it.op}" }
            given(one.entity, one.field, *claims.toTypedArray())
        }
        "resolve" -> listOf(notebook.resolve(w[0], w[1], w[2]))
        "refused" -> notebook.refused().map { given(it.op, it.code, it.zh) }
        "correct" -> listOf(notebook.correct(w[0], draft(w), photos(w)))
        "dismiss" -> nothing { notebook.dismiss(w[0]) }
        else -> null
    }

    private suspend fun visiting(call: String, w: List<String>): List<String>? = when (call) {
        "tasks" -> notebook.tasks().map { given(it.id, it.name) }
        "places" -> notebook.places().map { given(it.id, it.name) }
        "catalogue" -> notebook.catalogue()?.let { listOf(it.version, it.actions[0].items[0].name.zh) } ?: emptyList()
        "start" -> listOf(notebook.startInspection(Visit(task = w[0])))
        "checklist" -> notebook.checklist(w[0]).map { given(it.item.id, it.missing) }
        "answer" -> listOf(notebook.answer(w[0], w[1], Answer(isRight = Is.valueOf(w[2].uppercase()))))
        "answer_with_finding" -> {
            val answer = Answer(values = mapOf("count" to Value.Number(w[2].toDouble())))
            listOf(notebook.answerWithFinding(w[0], w[1], answer, draft(w), photos(w)))
        }
        "finish" -> listOf(notebook.finishInspection(w[0]))
        else -> null
    }

    private suspend fun carrying(call: String, w: List<String>): List<String>? = when (call) {
        "photos_of" -> notebook.photos(w[0]).map { given(it.id, it.original::class.simpleName?.uppercase()) }
        "picture" -> listOf(notebook.picture(w[0], w[1], Which.THUMBNAIL) ?: "")
        "fetch" -> listOf(notebook.fetchPreview(w[0], w[1], Which.THUMBNAIL))
        "previews" -> listOf(notebook.makePreviews().made.toString())
        "free" -> notebook.freeSpace().let { listOf(it.files.toString(), it.notYet ?: "") }
        "export" -> notebook.exportBundle(w[0]).let { listOf(it.ops.toString(), it.files.toString()) }
        else -> null
    }

    private fun sharing(call: String, w: List<String>): List<String>? = when (call) {
        "people" -> notebook.people().map { given(it.user, it.name, it.isCurrent) }
        "set_pin" -> nothing { notebook.setPin(w[0]) }
        "switch_to" -> nothing { notebook.switchTo(w[0], w[1]) }
        "lock" -> nothing { notebook.lock() }
        else -> null
    }

    private inline fun nothing(work: () -> Unit): List<String> {
        work()
        return emptyList()
    }
}

private fun fault(error: FieldException): List<String> {
    val field = when (error) {
        is FieldException.Invalid -> error.field
        is FieldException.Unopened -> error.fault.name
        else -> ""
    }
    val report = error.report
    return listOf("err", error::class.simpleName ?: "", report.code, field, report.zh, report.en)
}

fun main() {
    val phone = Phone()
    runBlocking {
        for (line in generateSequence(::readLine)) {
            val words = line.split("\t")
            val reply = try {
                listOf("ok") + phone.call(words[0], words.drop(1))
            } catch (error: FieldException) {
                fault(error)
            }
            println(reply.joinToString("\t"))
            System.out.flush()
        }
    }
}
