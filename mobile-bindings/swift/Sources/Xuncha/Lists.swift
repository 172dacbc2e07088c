// Lists that stay right while edits and syncs land.
import Foundation

/// Hands what it is told to an AsyncStream.
private final class Listener: ChangeListener {
    private let tell: @Sendable () -> Void

    init(_ tell: @escaping @Sendable () -> Void) {
        self.tell = tell
    }

    func changed() throws {
        tell()
    }
}

extension Notebook {
    /// Gives a value at once, and then whenever something in the notebook has changed. Several changes in a row are
    /// one. Ends with the loop that reads it.
    public func changes() throws -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let subscription = try watch(listener: Listener { continuation.yield() })
        continuation.onTermination = { _ in subscription.cancel() }
        return stream
    }

    /// What `read` gives, now and whenever it has changed. While the notebook is suspended nothing is given; after
    /// `resume` the list comes up to date by itself.
    public func watching<T: Equatable & Sendable>(
        _ read: @escaping @Sendable (Notebook) throws -> T
    ) -> AsyncThrowingStream<T, Error> {
        AsyncThrowingStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let reading = Task.detached(priority: .userInitiated) { [self] in
                do {
                    var before: T?
                    for await _ in try changes() {
                        guard let now = try readUnlessSuspended(read), now != before else { continue }
                        before = now
                        continuation.yield(now)
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in reading.cancel() }
        }
    }

    private func readUnlessSuspended<T>(_ read: (Notebook) throws -> T) throws -> T? {
        do {
            return try read(self)
        } catch FieldError.Unopened(let fault, _) where fault == .suspended {
            return nil
        }
    }

    /// The newest findings, at most `limit`; rows are fetched as they are looked at.
    public func findings(limit: UInt32 = 50) -> AsyncThrowingStream<FindingRows, Error> {
        watching { FindingRows(try $0.list(after: nil, limit: limit)) }
    }

    /// One finding.
    public func watchedFinding(id: EntityId) -> AsyncThrowingStream<Finding, Error> {
        watching { try $0.finding(id: id) }
    }

    /// What is to be done.
    public func openTasks() -> AsyncThrowingStream<[InspectionTask], Error> {
        watching { try $0.tasks(open: true) }
    }

    /// Visits under way.
    public func openInspections() -> AsyncThrowingStream<[Inspection], Error> {
        watching { try $0.inspections(open: true) }
    }

    /// The checklist of a visit.
    public func watchedChecklist(inspection: EntityId) -> AsyncThrowingStream<[Line], Error> {
        watching { try $0.checklist(inspection: inspection) }
    }

    /// What is disputed.
    public func openConflicts() -> AsyncThrowingStream<[Conflict], Error> {
        watching { try $0.conflicts() }
    }

    /// What came back.
    public func openRefusals() -> AsyncThrowingStream<[RefusedOp], Error> {
        watching { try $0.refused() }
    }

    /// Where the notebook stands.
    public func standing() -> AsyncThrowingStream<Status, Error> {
        watching { try $0.status() }
    }
}
