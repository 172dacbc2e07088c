//! Pictures that want to crash, stall or fill the memory of whoever looks at them.

use proptest::prelude::*;
use xuncha_core::photo::{Previews, Wanted, shrink};

use super::made::{Picture, chunk, opened, tiff, with_chunk, with_exif, zlib_bomb};

fn code(input: &[u8]) -> &'static str {
    shrink(input, &Wanted::default()).map_or_else(|error| error.code(), |_| "shown")
}

/// Changes the size that a JPEG or PNG claims.
fn claiming(input: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut bytes = input.to_vec();
    if input[0] == 0xFF {
        let frame = bytes.windows(2).position(|window| matches!(window, [0xFF, 0xC0 | 0xC2])).unwrap();
        bytes[frame + 5..frame + 7].copy_from_slice(&(height as u16).to_be_bytes());
        bytes[frame + 7..frame + 9].copy_from_slice(&(width as u16).to_be_bytes());
        return bytes;
    }
    let body = [&width.to_be_bytes()[..], &height.to_be_bytes(), &input[24..29]].concat();
    [&input[..8], &chunk(*b"IHDR", &body), &input[33..]].concat()
}

#[test]
fn what_is_no_picture_is_named_so() {
    assert_eq!(code(b""), "empty");
    for bytes in [&b"\xFF"[..], b"<html>", b"GIF89a......", b"%PDF-1.7", &[0; 100]] {
        assert_eq!(code(bytes), "not_an_image");
    }
    assert_eq!(code(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), "no_preview_yet");
    assert_eq!(code(b"\xFF\xD8\xFF"), "damaged");
    assert_eq!(code(b"\x89PNG\r\n\x1A\n"), "damaged");
    let noise: Vec<u8> = (0..10_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    assert_eq!(code(&[b"\xFF\xD8\xFF".as_slice(), &noise].concat()), "damaged");
    assert_eq!(code(&[b"\x89PNG\r\n\x1A\n".as_slice(), &noise].concat()), "damaged");
    assert_eq!(code(&[b"\xFF\xD8\xFF".as_slice(), &[0xFF; 100_000]].concat()), "damaged");
}

#[test]
fn claims_of_too_many_pixels_are_refused_before_anything_is_allocated() {
    let picture = Picture::of_four(32, 32);
    let progressive = picture.jpeg_as(|encoder| encoder.set_progressive(true));
    for input in [picture.jpeg(), progressive.clone(), picture.png()] {
        for (width, height) in [(65535, 65535), (30_001, 1), (1, 30_001), (10_001, 10_000)] {
            assert_eq!(code(&claiming(&input, width, height)), "too_many_pixels", "{width} x {height}");
        }
    }
    // Fewer are enough when all of them must be in memory at once.
    let mut padded = progressive;
    let scans: Vec<_> = (0..padded.len() - 1).filter(|at| padded[*at..*at + 2] == [0xFF, 0xDA]).collect();
    for scan in scans.into_iter().rev() {
        padded.splice(scan + 10..scan + 10, std::iter::repeat_n(0, 200_000));
    }
    assert_eq!(code(&claiming(&padded, 7000, 7000)), "too_many_pixels");
    assert_eq!(code(&claiming(&picture.png(), u32::MAX, u32::MAX)), "too_many_pixels");
}

#[test]
fn claims_that_the_bytes_do_not_keep_are_damage() {
    let picture = Picture::of_four(32, 32);
    let progressive = picture.jpeg_as(|encoder| encoder.set_progressive(true));
    for input in [picture.jpeg(), progressive, picture.png()] {
        for side in [333, 3000, 6000] {
            assert_eq!(code(&claiming(&input, side, side)), "damaged", "{side}");
        }
        assert_eq!(code(&claiming(&input, 0, 32)), "damaged");
        assert_eq!(code(&claiming(&input, 32, 0)), "damaged");
    }
    assert_eq!(code(&claiming(&picture.jpeg(), 10_000, 10_000)), "damaged");
    assert_eq!(code(&claiming(&picture.png(), 10_000, 10_000)), "damaged");
}

#[test]
fn a_picture_that_is_cut_off_is_not_shown_as_a_whole_one() {
    let picture = Picture::of_four(70, 50);
    let progressive = picture.jpeg_as(|encoder| encoder.set_progressive(true));
    for input in [picture.jpeg(), progressive, picture.png()] {
        let whole = shrink(&input, &Wanted::default()).unwrap();
        for length in 0..input.len() {
            match shrink(&input[..length], &Wanted::default()) {
                Err(error) => assert!(matches!(error.code(), "empty" | "not_an_image" | "damaged"), "{error}"),
                // Padding, the end mark and checksums hide nothing of the picture.
                Ok(made) => assert_eq!(made, whole, "{length} of {}", input.len()),
            }
        }
    }
}

#[test]
fn restarts_in_separate_scans_are_refused_rather_than_shown_wrongly() {
    let jpeg = Picture::of_four(70, 50).jpeg_as(|encoder| {
        encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_4_1);
        encoder.set_restart_interval(3);
    });
    assert_eq!(code(&jpeg), "no_preview_yet");
}

#[test]
fn what_stands_behind_a_picture_does_not_matter() {
    let whole = Picture::of_four(70, 50).jpeg();
    assert_eq!(code(&[&whole[..], b"a second picture, as some phones append it"].concat()), "shown");
    assert_eq!(code(&[&whole[..], &whole].concat()), "shown");
    assert_eq!(code(&[&Picture::of_four(70, 50).png()[..], b"and more"].concat()), "shown");
}

#[test]
fn a_picture_of_too_many_scans_is_refused() {
    let scans = |scans| Picture::of_four(64, 64).jpeg_as(|encoder| encoder.set_progressive_scans(scans));
    assert_eq!(code(&scans(20)), "shown");
    assert_eq!(code(&scans(64)), "damaged");
    let few = scans(20);
    let last = few.windows(2).rposition(|window| window == [0xFF, 0xDA]).unwrap();
    let again = few[last..few.len() - 2].repeat(5_000);
    assert_eq!(code(&[&few[..few.len() - 2], &again, b"\xFF\xD9"].concat()), "damaged");
}

#[test]
fn what_unpacks_without_end_is_not_unpacked() {
    let picture = Picture::of_four(32, 32);
    let bomb = zlib_bomb(200_000_000);
    for (kind, head) in [(*b"iCCP", &b"icc\0\0"[..]), (*b"zTXt", b"Comment\0\0"), (*b"iTXt", b"Comment\0\x01\0\0\0")] {
        assert_eq!(code(&with_chunk(&picture.png(), kind, &[head, &bomb].concat())), "shown");
    }
    let png = picture.png();
    let endless = [&png[..33], &chunk(*b"IDAT", &bomb), &chunk(*b"IEND", b"")].concat();
    assert!(matches!(code(&endless), "shown" | "damaged"));
    let zeros = [&claiming(&png, 9_000, 9_000)[..33], &chunk(*b"IDAT", &bomb), &chunk(*b"IEND", b"")].concat();
    assert_eq!(code(&zeros), "damaged");
}

#[test]
fn absurd_exif_is_ignored() {
    let jpeg = Picture::of_four(40, 30).jpeg();
    let good = tiff(6, true);
    let mut many = good.clone();
    many[8..10].copy_from_slice(&[0xFF, 0xFF]); // entries past the end
    let mut away = good.clone();
    away[4..8].copy_from_slice(&[0xFF; 4]); // a directory past the end
    let mut loops = good.clone();
    let end = loops.len();
    loops[end - 4..].copy_from_slice(&[8, 0, 0, 0]); // the next directory is this one
    let mut huge = good.clone();
    huge[26..30].copy_from_slice(&100_000_000_u32.to_le_bytes()); // so many orientations
    let mut itself = good.clone();
    itself[4..8].copy_from_slice(&[0; 4]); // a directory at the header
    let wanted = Wanted::default();
    for (tiff, turned) in [(many, true), (away, false), (loops, true), (huge, false), (itself, false)] {
        let made = shrink(&with_exif(&jpeg, &tiff), &wanted).unwrap();
        assert_eq!(made.display.width < made.display.height, turned, "{tiff:?}");
    }
    for length in 0..good.len() {
        assert_eq!(code(&with_exif(&jpeg, &good[..length])), "shown");
    }
    let big = with_chunk(&Picture::of_four(40, 30).png(), *b"eXIf", &vec![b'I'; 30_000_000]);
    assert!(matches!(code(&big), "shown" | "damaged"));
    // A segment that claims more than the file has.
    let claimed = [&jpeg[..2], b"\xFF\xE1\xFF\xFFExif\0\0", &good, &jpeg[2..]].concat();
    assert_eq!(code(&claimed), "damaged");
}

/// Whatever comes out is a picture of the claimed size within the limits.
fn check(input: &[u8]) -> Result<(), TestCaseError> {
    let wanted = Wanted { display: 40, thumbnail: 12, ..Wanted::default() };
    let Ok(Previews { display, thumbnail, .. }) = shrink(input, &wanted) else { return Ok(()) };
    for (preview, most) in [(display, 40), (thumbnail, 12)] {
        prop_assert!(preview.width.max(preview.height) <= most);
        let shown = opened(&preview.jpeg);
        prop_assert_eq!((shown.width, shown.height), (preview.width as usize, preview.height as usize));
    }
    Ok(())
}

fn inputs() -> Vec<Vec<u8>> {
    let picture = Picture::of_four(61, 45);
    let progressive = picture.jpeg_as(|encoder| encoder.set_progressive(true));
    let restarts = picture.jpeg_as(|encoder| encoder.set_restart_interval(2));
    let scanned = picture.jpeg_as(|encoder| encoder.set_optimized_huffman_tables(true));
    vec![with_exif(&picture.jpeg(), &tiff(6, true)), progressive, restarts, scanned, picture.png()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn a_picture_with_wrong_bytes_is_shown_or_refused(
        which in 0..5_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in prop::option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let mut bytes = inputs().swap_remove(which);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        check(&bytes)?;
    }

    #[test]
    fn a_picture_with_wrong_bytes_in_its_head_is_shown_or_refused(
        which in 0..5_usize,
        changes in prop::collection::vec((0..700_usize, any::<u8>()), 1..4),
    ) {
        let mut bytes = inputs().swap_remove(which);
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        check(&bytes)?;
    }
}
