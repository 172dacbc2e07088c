// How the phone is connected. Source text: not compiled by the tests, which have no Android SDK.
package xuncha.android

import android.content.Context
import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import android.os.BatteryManager
import xuncha.Conditions

/** Asks Android about the active network and the charger. */
class AndroidConditions(context: Context) : Conditions {
    private val networks = context.getSystemService(ConnectivityManager::class.java)
    private val battery = context.getSystemService(BatteryManager::class.java)

    override fun isMetered(): Boolean = networks.isActiveNetworkMetered

    override fun isWifi(): Boolean {
        val now = networks.getNetworkCapabilities(networks.activeNetwork) ?: return false
        return now.hasTransport(NetworkCapabilities.TRANSPORT_WIFI)
    }

    override fun isCharging(): Boolean = battery.isCharging
}
