// A list of findings as a collection of Swift's.
import Foundation

/// Rows that are fetched first: more than a screen shows, and few to fetch in vain.
private let first = 16

/// Keeps the rows that were fetched. Each piece is twice as long as the one before: whoever looks so far down is likely to
/// go on.
private final class Fetched: @unchecked Sendable {
    private let lock = NSLock()
    private var pieces: [Int: [Listed]] = [:]

    func row(_ index: Int, of list: FindingList) -> Listed {
        let number = Int.bitWidth - 1 - (index / first + 1).leadingZeroBitCount
        let start = first * ((1 << number) - 1)
        lock.lock()
        defer { lock.unlock() }
        if let kept = pieces[number] { return kept[index - start] }
        let read = list.read(start: UInt32(start), count: UInt32(first << number))
        pieces[number] = read
        return read[index - start]
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
