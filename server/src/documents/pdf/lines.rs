//! Where lines end: as Unicode says (UAX #14), so that Chinese breaks anywhere but before closing and after opening
//! signs, and within a word only where it is longer than a line.

use unicode_linebreak::{BreakOpportunity, linebreaks};

/// `text` in lines no wider than `most`, by the widths of its signs. Spaces at the end of a line take no room and are kept, so
/// that a reader who joins the lines has the text.
pub(super) fn wrapped(text: &str, most: f32, width: impl Fn(char) -> f32) -> Vec<String> {
    let wide = |words: &str| words.trim_end_matches(' ').chars().map(&width).sum::<f32>();
    let (mut lines, mut line, mut begun) = (Vec::new(), String::new(), 0);
    for (end, break_) in linebreaks(text) {
        let words = text[begun..end].trim_end_matches('\n');
        begun = end;
        if !line.is_empty() && wide(&format!("{line}{words}")) > most {
            lines.push(std::mem::take(&mut line));
        }
        for sign in words.chars() {
            let so_far: f32 = line.chars().map(&width).sum();
            if sign != ' ' && !line.is_empty() && so_far + width(sign) > most {
                lines.push(std::mem::take(&mut line));
            }
            line.push(sign);
        }
        if break_ == BreakOpportunity::Mandatory {
            lines.push(std::mem::take(&mut line));
        }
    }
    if lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chinese is as wide as two letters.
    fn width(sign: char) -> f32 {
        if sign.is_ascii() { 1.0 } else { 2.0 }
    }

    #[test]
    fn chinese_breaks_anywhere_but_before_what_closes_and_after_what_opens() {
        assert_eq!(wrapped("占道堆物，已清理。", 8.0, width), ["占道堆", "物，已清", "理。"]);
        assert_eq!(wrapped("桥下堆（三车）物", 8.0, width), ["桥下堆", "（三车）", "物"]);
    }

    #[test]
    fn words_stay_whole_unless_they_are_longer_than_a_line() {
        assert_eq!(wrapped("see the long road", 9.0, width), ["see the ", "long road"]);
        assert_eq!(wrapped("sha256:0123456789", 6.0, width), ["sha256", ":01234", "56789"]);
    }

    #[test]
    fn a_line_ends_where_its_author_ended_it_and_nothing_is_lost() {
        assert_eq!(wrapped("立即清理\n不得反复", 40.0, width), ["立即清理", "不得反复"]);
        assert_eq!(wrapped("", 40.0, width), [""]);
        let text = "中山路 12 号（31.230416, 121.4737）；No.5、A1 区。".repeat(9);
        for most in [6.0, 11.0, 40.0, 1e6] {
            let lines = wrapped(&text, most, width);
            assert_eq!(lines.concat(), text);
            let wide = |line: &String| line.trim_end().chars().map(width).sum::<f32>();
            assert!(lines.iter().all(|line| wide(line) <= most), "{lines:?}");
        }
    }
}
