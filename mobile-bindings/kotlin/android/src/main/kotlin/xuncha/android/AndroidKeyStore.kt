// The device's key, wrapped by Android's Keystore. Source text: not compiled by the tests, which have no Android SDK.
package xuncha.android

import android.content.Context
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.util.Base64
import java.io.File
import java.security.KeyStore as JavaKeyStore
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec
import xuncha.HostException
import xuncha.KeyStore

/**
 * Keeps the device's secret in a file that no backup takes, encrypted by an AES key that never leaves the phone's
 * Keystore. It can be read while the screen is locked, so that a sync in the background can run.
 *
 * @param name tells the keys of several notebooks apart
 */
class AndroidKeyStore(context: Context, private val name: String = "xuncha.device") : KeyStore {
    private val file = File(context.noBackupFilesDir, "$name.seed")

    override fun load(): ByteArray? {
        if (!file.exists()) return null
        val words = file.readText().split(':')
        val key = wrapping() ?: return null
        return failing("read") {
            val (iv, sealed) = words.map { Base64.decode(it, Base64.NO_WRAP) }
            val cipher = Cipher.getInstance(TRANSFORMATION)
            try {
                cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(128, iv))
                cipher.doFinal(sealed)
            } catch (gone: KeyPermanentlyInvalidatedException) {
                null
            } catch (other: AEADBadTagException) {
                // Wrapped by a key that is no longer there: as good as missing.
                null
            }
        }
    }

    override fun save(seed: ByteArray) = failing("save") {
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.ENCRYPT_MODE, wrapping() ?: newWrapping())
        val words = listOf(cipher.iv, cipher.doFinal(seed)).joinToString(":") { Base64.encodeToString(it, Base64.NO_WRAP) }
        val next = File(file.path + ".new")
        next.outputStream().use {
            it.write(words.toByteArray())
            it.fd.sync()
        }
        check(next.renameTo(file)) { "the file cannot be put in place" }
    }

    private fun wrapping(): SecretKey? = failing("find") {
        JavaKeyStore.getInstance(PROVIDER).apply { load(null) }.getKey(name, null) as SecretKey?
    }

    private fun newWrapping(): SecretKey {
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        val spec = KeyGenParameterSpec.Builder(name, purposes)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
            .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
            .setKeySize(256)
            .build()
        return KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER).apply { init(spec) }.generateKey()
    }

    private fun <T> failing(what: String, work: () -> T): T = try {
        work()
    } catch (error: Exception) {
        throw HostException.Failed("$what the device key: $error")
    }

    private companion object {
        const val PROVIDER = "AndroidKeyStore"
        const val TRANSFORMATION = "AES/GCM/NoPadding"
    }
}
