// Lists that stay right while edits and syncs land.
package xuncha

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.transform

/**
 * Emits at once, and then whenever something in the notebook has changed. Several changes in a row are one. Ends only
 * with its collector; a notebook that was shut is silent.
 */
fun Notebook.changes(): Flow<Unit> = callbackFlow {
    val subscription = watch(object : ChangeListener {
        override fun changed() {
            trySend(Unit)
        }
    })
    awaitClose { subscription.use { it.cancel() } }
}.conflate()

/**
 * What [read] gives, now and whenever it has changed. Read off the main thread. While the notebook is suspended
 * nothing is emitted; after `resume` the list comes up to date by itself.
 */
fun <T> Notebook.watching(read: Notebook.() -> T): Flow<T> = changes().transform {
    try {
        emit(read())
    } catch (unopened: FieldException.Unopened) {
        if (unopened.fault != OpenFault.SUSPENDED) throw unopened
    }
}.distinctUntilChanged().flowOn(Dispatchers.IO)

/** The newest findings, at most [limit]; rows are fetched as they are looked at. */
fun Notebook.findings(limit: UInt = 50u): Flow<List<Listed>> = watching { list(null, limit) }.map { it.rows() }

/** One finding. */
fun Notebook.watchedFinding(id: EntityId): Flow<Finding> = watching { finding(id) }

/** What is to be done. */
fun Notebook.openTasks(): Flow<List<InspectionTask>> = watching { tasks(true) }

/** Visits under way. */
fun Notebook.openInspections(): Flow<List<Inspection>> = watching { inspections(true) }

/** The checklist of a visit. */
fun Notebook.watchedChecklist(inspection: EntityId): Flow<List<Line>> = watching { checklist(inspection) }

/** What is disputed. */
fun Notebook.openConflicts(): Flow<List<Conflict>> = watching { conflicts() }

/** What came back. */
fun Notebook.openRefusals(): Flow<List<RefusedOp>> = watching { refused() }

/** Where the notebook stands. */
fun Notebook.standing(): Flow<Status> = watching { status() }
