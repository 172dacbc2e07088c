// What to show of an error.
import Foundation

extension FieldError {
    /// What went wrong, for people and for support; every error has one.
    public var report: Report {
        switch self {
        case .Invalid(_, let report), .SignIn(_, _, let report), .Unopened(_, let report),
            .Storage(_, let report), .Later(_, let report), .Refused(let report):
            return report
        }
    }

    /// What to show, in the language of `locale`: Chinese or else English.
    public func text(_ locale: Locale = .current) -> String {
        isChinese(locale) ? report.zh : report.en
    }
}

extension Words {
    /// The words in the language of `locale`: Chinese or else English.
    public func text(_ locale: Locale = .current) -> String {
        isChinese(locale) ? zh : en
    }
}

private func isChinese(_ locale: Locale) -> Bool {
    locale.identifier.hasPrefix("zh")
}
