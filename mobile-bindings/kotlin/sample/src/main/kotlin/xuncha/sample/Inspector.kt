// What the screens show and do. Source text: not compiled by the tests, which have no Android SDK.
package xuncha.sample

import android.app.Application
import androidx.lifecycle.AndroidViewModel
import androidx.lifecycle.viewModelScope
import java.io.File
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.SharingStarted
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.emitAll
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.flow.stateIn
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import xuncha.*
import xuncha.android.Notebooks
import xuncha.android.SyncWorker

/** The notebook, as the screens like it: lists that stay right, errands that say what went wrong. */
class Inspector(application: Application) : AndroidViewModel(application) {
    /** What to show of the last error. */
    val fault = MutableStateFlow<String?>(null)

    val status = kept(null) { standing() }
    val findings = kept(emptyList()) { findings(limit = 100u) }
    val tasks = kept(emptyList()) { openTasks() }
    val refused = kept(emptyList()) { openRefusals() }
    val conflicts = kept(emptyList()) { openConflicts() }

    fun enrol(invitation: String) = errand {
        enrol(invitation)
        sync()
        SyncWorker.always(getApplication())
    }

    /** Saved when the errand ends, with or without a network. */
    fun record(item: String, note: String, shots: List<File>, done: () -> Unit) = errand {
        val photos = shots.map { sealPhoto(it.path) }
        record(FindingDraft(item = item, note = note), photos)
        shots.forEach { it.delete() }
        SyncWorker.soon(getApplication())
        withContext(Dispatchers.Main) { done() }
    }

    fun sync() = errand { syncAll() }

    fun correct(refused: RefusedOp, note: String) = errand { correct(refused.op, FindingDraft(note = note)) }

    fun resolve(conflict: Conflict, claim: Claim) = errand { resolve(conflict.entity, conflict.field, claim.op) }

    private fun errand(work: suspend Notebook.() -> Unit) = viewModelScope.launch(Dispatchers.IO) {
        try {
            Notebooks.of(getApplication()).work()
            fault.value = null
        } catch (error: FieldException) {
            fault.value = error.text()
        }
    }

    private fun <T> kept(first: T, read: Notebook.() -> Flow<T>): StateFlow<T> =
        flow { emitAll(Notebooks.of(getApplication()).read()) }.flowOn(Dispatchers.IO)
            .stateIn(viewModelScope, SharingStarted.WhileSubscribed(5_000), first)
}
