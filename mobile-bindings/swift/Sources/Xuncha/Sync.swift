// Syncing as async code likes it.
import Foundation

/// Hands each step to a closure.
private final class StepListener: ProgressListener {
    private let tell: @Sendable (Step) -> Void

    init(_ tell: @escaping @Sendable (Step) -> Void) {
        self.tell = tell
    }

    func step(step: Step) throws {
        tell(step)
    }
}

extension Notebook {
    /// Makes the previews that are wanting, then sends and fetches. `onStep` is told what is being done, on a thread
    /// of the library. Cancelling the task ends it at the next wait and leaves a consistent notebook.
    ///
    /// - Parameter font: path of a font file to stamp display copies with; none leaves them without a stamp.
    @discardableResult
    public func syncAll(font: String? = nil, onStep: @escaping @Sendable (Step) -> Void = { _ in }) async throws -> Synced {
        let work: @Sendable () async throws -> Synced = {
            var more = true
            while more {
                try Task.checkCancellation()
                more = try await self.makePreviews(font: font, most: 100).more
            }
            return try await self.sync(progress: StepListener(onStep), files: nil, attempts: 3)
        }
        return try await withTaskCancellationHandler(operation: work, onCancel: { self.cancel() })
    }
}
