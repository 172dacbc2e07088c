// Uploads that the system goes on with while the app is suspended.
#if canImport(UIKit)
import Foundation

/// Hands files that wait over to a background URLSession. What becomes of a request need not be told to the notebook:
/// the next sync asks the server where each file stands, and goes on there.
public final class BackgroundUploads: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private let notebook: Notebook
    private let identifier: String
    private let parts: URL
    private let finished: @Sendable () -> Void

    private lazy var session: URLSession = {
        let configuration = URLSessionConfiguration.background(withIdentifier: identifier)
        configuration.isDiscretionary = false
        configuration.sessionSendsLaunchEvents = true
        return URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
    }()

    /// - Parameters:
    ///   - parts: a folder for pieces of files; below Caches, so that it is in no backup.
    ///   - finished: called when the system has told of everything; call the handler there that it gave to
    ///     `application(_:handleEventsForBackgroundURLSession:completionHandler:)`, and sync.
    public init(
        notebook: Notebook, identifier: String = "xuncha.uploads", parts: URL,
        finished: @escaping @Sendable () -> Void = {}
    ) {
        self.notebook = notebook
        self.identifier = identifier
        self.parts = parts
        self.finished = finished
        super.init()
    }

    /// Hands over at most `most` files; call it when the app goes to the background, after a sync.
    public func begin(most: UInt32 = 20) async throws {
        try FileManager.default.createDirectory(at: parts, withIntermediateDirectories: true)
        let running = await session.allTasks.compactMap(\.taskDescription)
        for part in try await notebook.handOverUploads(files: nil, most: most) where !running.contains(part.hash) {
            guard let url = URL(string: part.url) else { continue }
            var request = URLRequest(url: url)
            request.httpMethod = "PATCH"
            for (name, value) in part.headers {
                request.setValue(value, forHTTPHeaderField: name)
            }
            let task = session.uploadTask(with: request, fromFile: try file(of: part))
            task.taskDescription = part.hash
            task.resume()
        }
    }

    /// The file to be sent: the notebook's own, or its rest in a file of its own.
    private func file(of part: UploadPart) throws -> URL {
        let whole = URL(fileURLWithPath: part.path)
        if part.offset == 0 {
            return whole
        }
        let name = whole.lastPathComponent + "-\(part.offset)"
        let rest = parts.appendingPathComponent(name)
        let source = try FileHandle(forReadingFrom: whole)
        defer { try? source.close() }
        try source.seek(toOffset: part.offset)
        FileManager.default.createFile(atPath: rest.path, contents: nil)
        let target = try FileHandle(forWritingTo: rest)
        defer { try? target.close() }
        while let piece = try source.read(upToCount: 1 << 20), !piece.isEmpty {
            try target.write(contentsOf: piece)
        }
        return rest
    }

    public func urlSessionDidFinishEvents(forBackgroundURLSession session: URLSession) {
        try? FileManager.default.removeItem(at: parts)
        finished()
    }
}
#endif
