// The app's one notebook. Source text: not compiled by the tests, which have no Android SDK.
package xuncha.android

import android.content.Context
import java.io.File
import xuncha.FieldException
import xuncha.Notebook
import xuncha.OpenFault

/** Holds the one notebook of the process, which activities and the worker share. */
object Notebooks {
    private var open: Notebook? = null

    /**
     * The notebook, opened at the first call. Call it off the main thread.
     *
     * One whose key is gone, such as after a restore to another phone, becomes a new device: what was recorded stays,
     * and the app must enrol again.
     */
    @Synchronized
    fun of(context: Context): Notebook = open ?: opened(context.applicationContext).also { open = it }

    private fun opened(context: Context): Notebook {
        // In no backup: a restored copy would speak as the phone that it was copied from.
        val folder = File(context.noBackupFilesDir, "notebook").path
        val keys = AndroidKeyStore(context)
        val conditions = AndroidConditions(context)
        return try {
            Notebook.open(folder, keys, conditions)
        } catch (error: FieldException.Unopened) {
            when (error.fault) {
                OpenFault.KEY_MISSING, OpenFault.KEY_WRONG -> Notebook.openAsNewDevice(folder, keys, conditions)
                else -> throw error
            }
        }
    }
}
