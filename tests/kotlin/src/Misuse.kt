// What an app may do wrong, in Kotlin: each gives a typed error, and the JVM goes on.
//
//     MisuseKt FOLDER INVITATION INVITATION      prints a line for each case, and at last how many passed

import java.io.File
import java.time.Duration
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlin.random.Random
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import xuncha.*

private var passed = 0
private var failed = 0

private fun case(name: String, work: suspend () -> Unit) {
    try {
        runBlocking { work() }
        passed += 1
    } catch (wrong: Throwable) {
        failed += 1
        println("FAILED $name: $wrong")
        wrong.printStackTrace(System.out)
    }
}

private suspend inline fun <reified T : Throwable> throws(crossinline work: suspend () -> Any?): T {
    val came = try {
        work()
    } catch (thrown: Throwable) {
        if (thrown is T) return thrown
        throw AssertionError("wanted ${T::class.simpleName}, thrown was $thrown", thrown)
    }
    throw AssertionError("wanted ${T::class.simpleName}, came $came")
}

private suspend fun invalid(field: String, work: suspend () -> Any?) {
    val error = throws<FieldException.Invalid> { work() }
    check(error.field == field) { "wanted $field, was ${error.field}: ${error.report.details.take(300)}" }
    check(error.report.details.length < 10_000) { "the details are ${error.report.details.length} long" }
}

private suspend fun unopened(fault: OpenFault, work: suspend () -> Any?) {
    val error = throws<FieldException.Unopened> { work() }
    check(error.fault == fault) { "wanted $fault, was ${error.fault}" }
}

private class Told(val work: () -> Unit) : ProgressListener, ChangeListener {
    override fun step(step: Step) = work()

    override fun changed() = work()
}

private class Keys(val seed: () -> ByteArray?) : KeyStore {
    override fun load() = seed()

    override fun save(seed: ByteArray) = Unit
}

private class Broken : Conditions {
    override fun isMetered() = throw IllegalStateException("no network service")

    override fun isWifi() = true

    override fun isCharging() = true
}

private fun note(text: String) = FindingDraft(item = "SR-1", note = text)

fun main(arguments: Array<String>) {
    val (root, first, second) = arguments
    fun path(name: String) = File(root, name).path
    val notebook = Notebook.open(path("notebook"), fileKeyStore(path("device.key")))
    runBlocking { notebook.enrol(first) }
    val huge = "长".repeat(34_000_000)

    strings(notebook, huge, ::path)
    folders(notebook, ::path)
    hosts(notebook, second, ::path)
    cancelling(notebook)
    crowds(notebook)
    lists(notebook)
    ends(notebook, ::path)
    println("$passed passed, $failed failed")
}

private fun strings(notebook: Notebook, huge: String, path: (String) -> String) {
    case("empty strings") {
        invalid("note") { notebook.record(note("")) }
        invalid("folder") { Notebook.open("", fileKeyStore(path("x.key"))) }
        invalid("url") { notebook.enrol("") }
        invalid("id") { notebook.finding("") }
        invalid("photo") { notebook.sealPhoto("") }
        invalid("photo") { notebook.sealPhotoBytes(ByteArray(0)) }
        invalid("pin") { notebook.setPin("") }
        invalid("op") { notebook.dismiss("") }
    }
    case("strings of a hundred megabytes") {
        invalid("body") { notebook.record(note(huge)) }
        invalid("folder") { Notebook.open(huge, fileKeyStore(path("x.key"))) }
        invalid("id") { notebook.finding(huge) }
        invalid("photo") { notebook.sealPhoto(huge) }
        invalid("pin") { notebook.setPin(huge) }
        throws<FieldException> { notebook.enrol(huge) }
    }
    case("a hundred megabytes that are no photo") {
        invalid("photo") { notebook.sealPhotoBytes(ByteArray(100_000_000)) }
    }
    case("half a character and nothing at all") {
        throws<FieldException.Invalid> { notebook.record(note("a\u0000b")) }
        throws<FieldException.Invalid> { notebook.near(Double.NaN, 0.0, 1.0) }
        val number = mapOf("count" to Value.Number(Double.POSITIVE_INFINITY))
        invalid("values/count") { notebook.record(FindingDraft(item = "SR-7", values = number)) }
        val broken = mapOf("count" to Value.Structure("{"))
        invalid("values/count") { notebook.record(FindingDraft(item = "SR-7", values = broken)) }
    }
    case("nothing of it was recorded") { check(notebook.list().size() == 0u) }
}

private fun folders(notebook: Notebook, path: (String) -> String) {
    case("wrong paths") {
        File(path("file")).writeText("no folder")
        throws<FieldException.Storage> { Notebook.open(path("file/notebook"), fileKeyStore(path("x.key"))) }
        invalid("photo") { notebook.sealPhoto(path("nowhere.jpg")) }
        invalid("photo") { notebook.sealPhoto(path("")) }
        invalid("file") { notebook.exportBundle("") }
        invalid("font") { notebook.makePreviews(font = path("file")) }
    }
    case("two notebooks on one folder") {
        unopened(OpenFault.IN_USE) { Notebook.open(path("notebook"), fileKeyStore(path("device.key"))) }
        notebook.status()
    }
    case("the folder removed beneath") {
        val doomed = Notebook.open(path("doomed"), fileKeyStore(path("doomed.key")))
        doomed.saveDraft(note("before"))
        check(File(path("doomed")).deleteRecursively())
        val jpeg = byteArrayOf(-1, -40, -1, -32) + ByteArray(1_000)
        throws<FieldException> { doomed.sealPhotoBytes(jpeg) }
        throws<FieldException> { doomed.saveDraft(note("after")) }
        doomed.shut()
    }
}

private fun hosts(notebook: Notebook, invitation: String, path: (String) -> String) {
    case("a listener that throws") {
        notebook.record(note("进度"))
        throws<FieldException.Storage> { notebook.exportBundle(path("nowhere/out.zip")) }
        invalid("listener") { notebook.sync(Told { throw IllegalStateException("a bug of the app") }) }
        check(notebook.status().pending == 0uL) { "the sync went on to its end" }
        notebook.sync()
        val subscription = notebook.watch(Told { throw IllegalStateException("a bug of the app") })
        withTimeout(60_000) { while (subscription.fault() == null) kotlinx.coroutines.yield() }
        check("a bug of the app" in subscription.fault()!!)
        notebook.record(note("变更"))
    }
    case("a key store that throws, or gives too little") {
        val throwing = Keys { throw HostException.Failed("locked") }
        val broken = Keys { throw IllegalStateException("a bug of the app") }
        notebook.status()
        val other = Notebook.open(path("keys"), fileKeyStore(path("keys.key")))
        other.close()
        unopened(OpenFault.KEY_UNAVAILABLE) { Notebook.open(path("keys"), throwing) }
        unopened(OpenFault.KEY_UNAVAILABLE) { Notebook.open(path("keys"), broken) }
        unopened(OpenFault.KEY_UNAVAILABLE) { Notebook.open(path("keys"), Keys { ByteArray(5) }) }
        unopened(OpenFault.KEY_WRONG) { Notebook.open(path("keys"), Keys { ByteArray(32) }) }
        unopened(OpenFault.KEY_MISSING) { Notebook.open(path("keys"), Keys { null }) }
        Notebook.open(path("keys"), fileKeyStore(path("keys.key"))).close()
    }
    case("conditions that throw") {
        val other = Notebook.open(path("other"), fileKeyStore(path("other.key")), Broken())
        other.enrol(invitation)
        invalid("conditions") { other.sync() }
        other.close()
    }
}

private fun cancelling(notebook: Notebook) {
    case("a cancelled coroutine, and cancel") {
        val inside = CountDownLatch(1)
        val leave = CountDownLatch(1)
        val blocking = Told {
            inside.countDown()
            leave.await(60, TimeUnit.SECONDS)
        }
        notebook.record(note("取消"))
        val first = kotlinx.coroutines.GlobalScope.launch(Dispatchers.IO, CoroutineStart.DEFAULT) { notebook.sync(blocking) }
        check(inside.await(60, TimeUnit.SECONDS))
        throws<FieldException.Later> { notebook.sync() }
        first.cancel()
        leave.countDown()
        first.cancelAndJoin()

        val again = CountDownLatch(1)
        val hold = CountDownLatch(1)
        val second = kotlinx.coroutines.GlobalScope.async(Dispatchers.IO) {
            notebook.sync(Told {
                again.countDown()
                hold.await(60, TimeUnit.SECONDS)
            })
        }
        notebook.record(note("再取消"))
        check(again.await(60, TimeUnit.SECONDS))
        notebook.cancel()
        hold.countDown()
        val error = throws<FieldException.Later> { second.await() }
        check(error.report.code == "cancelled") { error.report.code }
        check(notebook.check().isEmpty())
    }
}

private fun crowds(notebook: Notebook) {
    case("many threads on one notebook") {
        val before = notebook.list(null, 10_000u).size()
        val wrong = AtomicInteger()
        val crowd = (0 until 8).map { number ->
            thread {
                repeat(25) { turn ->
                    try {
                        val id = notebook.record(note("线程 $number 第 $turn 条"))
                        notebook.amend(id, FindingDraft(severity = Severity.HIGH))
                        check(notebook.finding(id).severity == Severity.HIGH)
                        notebook.list(limit = 20u)
                        notebook.status()
                        if (turn % 10 == 0) runBlocking {
                            try {
                                notebook.sync()
                            } catch (busy: FieldException.Later) {
                                check(busy.report.code == "busy") { busy.report.code }
                            }
                        }
                    } catch (error: Throwable) {
                        wrong.incrementAndGet()
                        error.printStackTrace(System.out)
                    }
                }
            }
        }
        crowd.forEach { it.join() }
        check(wrong.get() == 0)
        notebook.sync()
        check(notebook.list(null, 10_000u).size() == before + 200u)
        check(notebook.status().pending == 0uL)
        check(notebook.check().isEmpty())
    }
}

/** After [crowds]: a list of more rows than are fetched at once. */
private fun lists(notebook: Notebook) {
    case("rows are read by anybody, in any order, and beyond the ends") {
        val list = notebook.list(null, 10_000u)
        val rows = list.rows()
        val all = list.read(0u, list.size())
        check(all.size > 200 && all.size == rows.size && all.last().key == list.lastKey())
        check(list.read(list.size(), 5u).isEmpty() && list.read(UInt.MAX_VALUE, UInt.MAX_VALUE).isEmpty())
        check(list.read(list.size() - 1u, UInt.MAX_VALUE) == all.takeLast(1))
        for (index in listOf(-1, all.size, Int.MAX_VALUE)) throws<IndexOutOfBoundsException> { rows[index] }
        val wrong = AtomicInteger()
        val crowd = (0 until 8).map { number ->
            thread {
                val order = all.indices.shuffled(Random(number))
                if (order.any { rows[it] != all[it] }) wrong.incrementAndGet()
            }
        }
        crowd.forEach { it.join() }
        check(wrong.get() == 0)
        check(rows[40] === rows[40]) { "a row was fetched twice" }
        check(notebook.list(all[99].key, 1u).rows() == listOf(all[100]))
    }
    case("a list stays as it was, and says whether another is equal") {
        val list = notebook.list(null, 100u)
        val rows = list.rows()
        val again = notebook.list(null, 100u)
        check(again == list && again.hashCode() == list.hashCode() && again.rows() == rows)
        check(rows == list.read(0u, 100u) && list.read(0u, 100u) == rows && rows.hashCode() == again.rows().hashCode())
        val first = rows[0]
        notebook.amend(first.finding.id, FindingDraft(note = "后来改了"))
        val changed = notebook.list(null, 100u)
        check(changed != list && changed.rows() != rows && changed.rows()[0].finding.note == "后来改了")
        check(rows[0] == first && list.read(0u, 1u) == listOf(first))
        val unread = list.rows()
        list.close()
        throws<IllegalStateException> { list.size() }
        check(rows[0] == first)
        throws<IllegalStateException> { unread[0] }
    }
}

private fun ends(notebook: Notebook, path: (String) -> String) {
    case("calls while suspended, after shut and after close") {
        notebook.suspend(Duration.ofSeconds(5))
        unopened(OpenFault.SUSPENDED) { notebook.record(note("x")) }
        notebook.resume()
        withTimeout(60_000) { check(notebook.findings(5u).first().size == 5) }
        notebook.shut()
        unopened(OpenFault.SHUT) { notebook.record(note("x")) }
        unopened(OpenFault.SHUT) { notebook.sync() }
        unopened(OpenFault.SHUT) { notebook.resume() }
        notebook.close()
        throws<IllegalStateException> { notebook.status() }
        Notebook.open(path("notebook"), fileKeyStore(path("device.key"))).use { check(it.check().isEmpty()) }
    }
    case("a word in the language of the phone") {
        val error = throws<FieldException> { Notebook.open("", fileKeyStore("x")) }
        check(error.text(java.util.Locale.CHINA) == "有一项填写不正确")
        check(error.text(java.util.Locale.UK) == "Something is not filled in correctly.")
    }
}
