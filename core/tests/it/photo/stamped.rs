//! The stamp on the display copy. Where no font with Chinese is installed, what is drawn with one says so and proves
//! nothing; `tests/all` installs one and has it fail then.

use std::path::Path;

use xuncha_core::photo::{Font, Previews, Stamp, Wanted, shrink};

use super::made::{Picture, made_font, opened};

const FONT: &str = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";

fn font() -> Option<Font> {
    if !Path::new(FONT).exists() {
        assert!(std::env::var_os("XUNCHA_ALL").is_none(), "no {FONT} (Debian: fonts-noto-cjk)");
        eprintln!("skipped: no {FONT} (Debian: fonts-noto-cjk)");
        return None;
    }
    Some(Font::load(Path::new(FONT), None).unwrap())
}

fn stamped(picture: &Picture, font: &Font, lines: &[&str]) -> Previews {
    let stamp = Stamp { lines: lines.iter().map(|line| (*line).to_owned()).collect() };
    shrink(&picture.png(), &Wanted { stamp: Some(&stamp), font: Some(font), ..Wanted::default() }).unwrap()
}

#[test]
fn without_a_font_nothing_is_written() {
    let picture = Picture::of_four(600, 400);
    let stamp = Stamp { lines: vec!["巡查员 王建国".to_owned()] };
    let made = shrink(&picture.png(), &Wanted { stamp: Some(&stamp), ..Wanted::default() }).unwrap();
    assert_eq!(made, shrink(&picture.png(), &Wanted::default()).unwrap());
    assert!(!made.stamped);
}

#[test]
fn what_the_font_cannot_write_is_not_written_as_boxes() {
    let (latin, han) = (made_font(&[' '..='~']), made_font(&[' '..='~', '一'..='龥']));
    let picture = Picture::of_four(600, 400);
    let plain = shrink(&picture.png(), &Wanted::default()).unwrap();
    let stamp = |lines: &[&str]| Stamp { lines: lines.iter().map(|line| (*line).to_owned()).collect() };
    let lines = ["2026-11-24 09:15:08", "解放路 88 号", "王建国 建"];
    assert_eq!(stamp(&lines).unknown_to(&latin), "解放路号王建国");
    assert_eq!(stamped(&picture, &latin, &lines), plain, "no stamp rather than one that says nothing");
    assert_eq!(stamp(&lines).unknown_to(&han), "");
    let made = stamped(&picture, &han, &lines);
    assert!(made.stamped && made.display != plain.display);
    assert!(stamped(&picture, &latin, &["36.65100, 117.12000", "SR-1"]).stamped);
    // A sign that is no letter loses nobody's name.
    assert!(stamped(&picture, &latin, &["SR-1 ★"]).stamped);
}

#[test]
fn the_stamp_is_on_the_display_copy_alone_and_leaves_the_upper_half_free() {
    let Some(font) = font() else { return };
    for shade in [0, 128, 255] {
        for (width, height) in [(800, 600), (601, 401), (300, 700), (3000, 1000)] {
            let picture = Picture::new(width, height, |_, _| [shade; 3]);
            let plain = shrink(&picture.png(), &Wanted::default()).unwrap();
            let made = stamped(&picture, &font, &["2026-11-24 09:15:08  巡查员 王建国", "建国路 88 号东侧人行道"]);
            assert!(made.stamped);
            assert_eq!(made.thumbnail, plain.thumbnail);
            let (shown, before) = (opened(&made.display.jpeg), opened(&plain.display.jpeg));
            let half = shown.height / 2 / 16 * 16 * shown.width * 3;
            assert_eq!(shown.pixels[..half], before.pixels[..half]);
            // White and dark are both there, whatever was behind.
            let band = (shown.height - shown.width.max(shown.height) * 3 / 40..shown.height)
                .flat_map(|y| (0..shown.width / 4).map(move |x| (x, y)));
            let shades: Vec<u8> = band.map(|(x, y)| shown.at(x, y)[1]).collect();
            assert!(shades.iter().any(|shade| *shade > 230) && shades.iter().any(|shade| *shade < 115), "{shade}");
        }
    }
}

#[test]
fn strange_characters_do_no_harm() {
    let Some(font) = font() else { return };
    let picture = Picture::of_four(500, 400);
    let clean = stamped(&picture, &font, &["王建国 abc"]);
    let tricky = stamped(&picture, &font, &["\u{202E}王\u{0}建\u{200B}国\u{2066} a\u{7}bc\u{feff}"]);
    assert_eq!(clean, tricky);
    for line in ["\u{10FFFD}\u{E000}\u{1F600}", "e\u{301}\u{20DD}", "𠮷", "\u{FDFD}"] {
        assert!(stamped(&picture, &font, &[line]).stamped);
    }
    for line in ["", "  ", "\u{202E}", "\n\n", "\u{3000}"] {
        assert!(!stamped(&picture, &font, &[line]).stamped);
    }
}

#[test]
fn a_stamp_that_finds_no_room_is_not_written() {
    let Some(font) = font() else { return };
    let long = "很长的一行".repeat(100);
    assert!(stamped(&Picture::of_four(2000, 1500), &font, &[&long, &long]).stamped);
    assert!(!stamped(&Picture::of_four(100, 75), &font, &[&long, &long]).stamped);
    for (width, height) in [(1, 1), (3, 3), (7, 200), (200, 7), (16, 16)] {
        assert!(!stamped(&Picture::of_four(width, height), &font, &["很长的一行"]).stamped);
    }
    assert!(!stamped(&Picture::of_four(2000, 1500), &font, &vec!["字"; 1_000_000][..]).stamped);
}

#[test]
fn a_damaged_font_is_refused_or_draws_something_and_never_panics() {
    if font().is_none() {
        return;
    }
    let bytes = std::fs::read(FONT).unwrap();
    let picture = Picture::of_four(300, 200);
    for cut in [0, 3, 12, 100, 1_000, 100_000, bytes.len() / 2, bytes.len() - 1] {
        if let Ok(font) = Font::from_bytes(bytes[..cut].to_vec(), None) {
            stamped(&picture, &font, &["王建国 abc"]);
        }
    }
    // The first tables of every face, byte after byte.
    for round in 0..40_usize {
        let mut wrong = bytes.clone();
        for at in (round..60_000).step_by(97) {
            wrong[at] = wrong[at].wrapping_mul(31).wrapping_add(round as u8);
        }
        if let Ok(font) = Font::from_bytes(wrong, Some(2)) {
            stamped(&picture, &font, &["王建国 abc"]);
        }
    }
    assert_eq!(Font::from_bytes(bytes, Some(99)).unwrap_err().code(), "bad_font");
}
