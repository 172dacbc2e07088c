// Syncing in the background. Source text: not compiled by the tests, which have no Android SDK.
package xuncha.android

import android.content.Context
import androidx.work.BackoffPolicy
import androidx.work.Constraints
import androidx.work.CoroutineWorker
import androidx.work.ExistingPeriodicWorkPolicy
import androidx.work.ExistingWorkPolicy
import androidx.work.NetworkType
import androidx.work.OneTimeWorkRequestBuilder
import androidx.work.PeriodicWorkRequestBuilder
import androidx.work.WorkManager
import androidx.work.WorkerParameters
import java.util.concurrent.TimeUnit
import xuncha.FieldException
import xuncha.syncAll

/** Sends what waits and fetches what changed. Android may stop it at any time; what was done stays. */
class SyncWorker(context: Context, parameters: WorkerParameters) : CoroutineWorker(context, parameters) {
    override suspend fun doWork(): Result = try {
        Notebooks.of(applicationContext).syncAll()
        Result.success()
    } catch (later: FieldException.Later) {
        Result.retry()
    } catch (other: FieldException) {
        // A person is wanted: the app shows it when it is opened; until then trying again helps nobody.
        Result.failure()
    }

    companion object {
        private val connected = Constraints.Builder().setRequiredNetworkType(NetworkType.CONNECTED).build()

        /** Syncs as soon as there is a network; call it after each record. */
        fun soon(context: Context) {
            val request = OneTimeWorkRequestBuilder<SyncWorker>()
                .setConstraints(connected)
                .setBackoffCriteria(BackoffPolicy.EXPONENTIAL, 30, TimeUnit.SECONDS)
                .build()
            WorkManager.getInstance(context).enqueueUniqueWork("xuncha.sync", ExistingWorkPolicy.KEEP, request)
        }

        /** Syncs every quarter of an hour; call it once when the app starts. */
        fun always(context: Context) {
            val request = PeriodicWorkRequestBuilder<SyncWorker>(15, TimeUnit.MINUTES).setConstraints(connected).build()
            val works = WorkManager.getInstance(context)
            works.enqueueUniquePeriodicWork("xuncha.sync.always", ExistingPeriodicWorkPolicy.KEEP, request)
        }
    }
}
