// The device's key in the Keychain.
#if canImport(Security)
import Foundation
import Security

/// Keeps the device's secret in the Keychain: on this device only, never in a backup, readable from the first
/// unlock after a restart on, so that a background sync can run while the phone is locked.
public final class KeychainKeyStore: KeyStore {
    private let service: String
    private let account: String

    /// - Parameter account: tells the keys of several notebooks apart.
    public init(service: String = "xuncha", account: String = "device") {
        self.service = service
        self.account = account
    }

    private var query: [CFString: Any] {
        [kSecClass: kSecClassGenericPassword, kSecAttrService: service, kSecAttrAccount: account]
    }

    public func load() throws -> Data? {
        var wanted = query
        wanted[kSecReturnData] = true
        wanted[kSecMatchLimit] = kSecMatchLimitOne
        var found: CFTypeRef?
        let status = SecItemCopyMatching(wanted as CFDictionary, &found)
        switch status {
        case errSecSuccess: return found as? Data
        case errSecItemNotFound: return nil
        // Before the first unlock, such as errSecInteractionNotAllowed: not the same as missing.
        default: throw failed("read", status)
        }
    }

    public func save(seed: Data) throws {
        let update: [CFString: Any] = [kSecValueData: seed]
        var status = SecItemUpdate(query as CFDictionary, update as CFDictionary)
        if status == errSecItemNotFound {
            var new = query
            new[kSecValueData] = seed
            new[kSecAttrAccessible] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
            status = SecItemAdd(new as CFDictionary, nil)
        }
        if status != errSecSuccess {
            throw failed("save", status)
        }
    }

    private func failed(_ what: String, _ status: OSStatus) -> HostError {
        let words = SecCopyErrorMessageString(status, nil) as String? ?? "unknown"
        return HostError.Failed(details: "\(what) the device key: \(words) (\(status))")
    }
}
#endif
