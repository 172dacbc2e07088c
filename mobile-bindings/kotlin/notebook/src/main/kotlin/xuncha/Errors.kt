// What to show of an error.
package xuncha

import java.util.Locale

/** What went wrong, for people and for support; every error has one. */
val FieldException.report: Report
    get() = when (this) {
        is FieldException.Invalid -> report
        is FieldException.SignIn -> report
        is FieldException.Unopened -> report
        is FieldException.Storage -> report
        is FieldException.Later -> report
        is FieldException.Refused -> report
    }

/** What to show, in the language of [locale]: Chinese or else English. */
fun FieldException.text(locale: Locale = Locale.getDefault()): String =
    if (locale.language == "zh") report.zh else report.en

/** The words in the language of [locale]: Chinese or else English. */
fun Words.text(locale: Locale = Locale.getDefault()): String = if (locale.language == "zh") zh else en
