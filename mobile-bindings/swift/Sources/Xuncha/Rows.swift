// A list of findings as a collection of Swift's.
import Foundation

/// Rows that are fetched together: more than a screen shows, and little to fetch in vain.
private let piece = 24

/// Keeps the rows that were fetched.
private final class Fetched: @unchecked Sendable {
    private let lock = NSLock()
    private var pieces: [Int: [Listed]] = [:]

    func row(_ index: Int, of list: FindingList) -> Listed {
        let number = index / piece
        lock.lock()
        defer { lock.unlock() }
        if let kept = pieces[number] { return kept[index % piece] }
        let read = list.read(start: UInt32(number * piece), count: UInt32(piece))
        pieces[number] = read
        return read[index % piece]
    }
}

/// Findings as a collection like any other, to be read from any thread. Rows are fetched from the library as they are
/// looked at, a few at a time, and then kept. Nothing is read from the storage for that.
public struct FindingRows: RandomAccessCollection, Equatable, Sendable {
    private let list: FindingList?
    private let fetched = Fetched()

    public let startIndex = 0
    public let endIndex: Int

    /// No findings: what a screen shows before the first list is there.
    public init() {
        list = nil
        endIndex = 0
    }

    /// The rows of `list`.
    public init(_ list: FindingList) {
        self.list = list
        endIndex = Int(list.size())
    }

    public subscript(position: Int) -> Listed {
        guard let list, indices.contains(position) else { preconditionFailure("row \(position) of \(endIndex)") }
        return fetched.row(position, of: list)
    }

    /// The library compares, without handing rows over.
    public static func == (one: FindingRows, other: FindingRows) -> Bool {
        if let list = one.list, let others = other.list { return list == others }
        return one.isEmpty && other.isEmpty
    }
}

extension FindingList {
    /// The findings as a collection like any other.
    public func rows() -> FindingRows {
        FindingRows(self)
    }
}
