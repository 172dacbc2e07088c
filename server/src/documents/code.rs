//! The code on a notice that a phone scans: it leads to the notice in the console.

use qrcode::{Color, QrCode};

/// Squares left white on each side, so that readers find the code (ISO/IEC 18004).
const MARGIN: usize = 4;

/// A QR code as the dark stretches of its rows, in squares from above left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Code {
    /// Squares on each side, the white ones around included.
    pub(super) side: usize,
    /// Left end, row and length of each stretch.
    pub(super) dark: Vec<(usize, usize, usize)>,
}

impl Code {
    /// Of an address; none where it is too long for any code.
    pub(super) fn of(address: &str) -> Option<Code> {
        let drawn = QrCode::new(address).ok()?;
        let (width, squares) = (drawn.width(), drawn.to_colors());
        let mut dark = Vec::new();
        for (row, squares) in squares.chunks(width).enumerate() {
            let mut left = 0;
            for stretch in squares.chunk_by(|one, next| one == next) {
                if stretch[0] == Color::Dark {
                    dark.push((left + MARGIN, row + MARGIN, stretch.len()));
                }
                left += stretch.len();
            }
        }
        Some(Code { side: width + 2 * MARGIN, dark })
    }

    /// As a picture for a page.
    pub(super) fn svg(&self) -> String {
        let side = self.side;
        let stretch = |(x, y, length): &(usize, usize, usize)| format!("M{x} {y}h{length}v1h-{length}z");
        let path: String = self.dark.iter().map(stretch).collect();
        format!(
            "<svg viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\" aria-hidden=\"true\"><path d=\"{path}\"/></svg>"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stretches_are_the_dark_squares_of_the_code() {
        let address = "https://xuncha.example.cn/notices/019abc00-0000-7000-8000-00000000000d";
        let (code, drawn) = (Code::of(address).unwrap(), QrCode::new(address).unwrap());
        let mut squares = vec![Color::Light; drawn.width() * drawn.width()];
        for (x, y, length) in &code.dark {
            let at = (y - MARGIN) * drawn.width() + x - MARGIN;
            squares[at..at + length].fill(Color::Dark);
        }
        assert!(squares == drawn.to_colors());
        assert_eq!(code.side, drawn.width() + 8);
        assert_eq!(Code::of(&"x".repeat(8_000)), None);
    }
}
