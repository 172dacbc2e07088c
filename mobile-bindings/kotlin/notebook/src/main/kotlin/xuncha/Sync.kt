// Syncing as coroutines like it.
package xuncha

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/**
 * Makes the previews that are wanting, then sends and fetches. [onStep] is told what is being done, on a thread of the
 * library. Cancelling the coroutine ends it at the next wait and leaves a consistent notebook.
 *
 * @param font path of a font file to stamp display copies with; none leaves them without a stamp
 */
suspend fun Notebook.syncAll(font: String? = null, onStep: (Step) -> Unit = {}): Synced {
    while (makePreviews(font).more) Unit
    return sync(object : ProgressListener {
        override fun step(step: Step) = onStep(step)
    })
}

/** Does [work] with the notebook off the main thread. */
suspend fun <T> Notebook.offMain(work: Notebook.() -> T): T = withContext(Dispatchers.IO) { work() }
