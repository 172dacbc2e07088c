// How the phone is connected.
#if canImport(Network)
import Foundation
import Network
#if canImport(UIKit)
import UIKit
#endif

/// Watches the network and the charger. Keep one as long as its notebook.
public final class NetworkConditions: Conditions, @unchecked Sendable {
    private let monitor = NWPathMonitor()
    private let lock = NSLock()
    private var path: NWPath?
    private var charging = false

    public init() {
        monitor.pathUpdateHandler = { [weak self] path in
            self?.keep { $0.path = path }
        }
        monitor.start(queue: DispatchQueue(label: "xuncha.network"))
        #if canImport(UIKit)
        Task { @MainActor in
            UIDevice.current.isBatteryMonitoringEnabled = true
            self.readBattery()
            NotificationCenter.default.addObserver(
                forName: UIDevice.batteryStateDidChangeNotification, object: nil, queue: .main
            ) { [weak self] _ in
                Task { @MainActor in self?.readBattery() }
            }
        }
        #endif
    }

    deinit {
        monitor.cancel()
    }

    public func isMetered() throws -> Bool {
        read { $0.path.map { $0.isExpensive || $0.isConstrained } ?? true }
    }

    public func isWifi() throws -> Bool {
        read { $0.path?.usesInterfaceType(.wifi) ?? false }
    }

    public func isCharging() throws -> Bool {
        read { $0.charging }
    }

    #if canImport(UIKit)
    @MainActor private func readBattery() {
        let state = UIDevice.current.batteryState
        keep { $0.charging = state == .charging || state == .full }
    }
    #endif

    private func keep(_ change: (NetworkConditions) -> Void) {
        lock.lock()
        defer { lock.unlock() }
        change(self)
    }

    private func read<T>(_ look: (NetworkConditions) -> T) -> T {
        lock.lock()
        defer { lock.unlock() }
        return look(self)
    }
}
#endif
