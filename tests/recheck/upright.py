#!/usr/bin/env python3
"""Looks at previews of a photo with nothing of Xuncha's own code.

    upright.py ORIGINAL DISPLAY THUMBNAIL

Turns the original as its EXIF says, with Pillow, and holds each preview against it: upright, not turned or mirrored,
within its bound, not stretched, a plain JPEG that tells nothing about anybody. Prints one JSON summary; exit code 1
when something does not fit.
"""
import json
import sys

from PIL import Image, ImageChops, ImageOps, ImageStat

# All ways to lay a picture but the upright one.
TURNS = [turn for turn in Image.Transpose]

# JFIF's header, tables, frames and scans. No Exif, XMP, ICC, IPTC, comment, nor another maker's segment.
PLAIN = {0xE0, 0xDB, 0xC4, 0xC0, 0xC1, 0xC2, 0xDD}

problems = []


def difference(one, other):
    """Mean absolute difference of a channel, of 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def segments(data):
    """Markers up to the first scan."""
    at = 2
    while at + 4 <= len(data) and data[at + 1] != 0xDA:
        yield data[at + 1]
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")


def look(role, path, bound, upright):
    with open(path, "rb") as file:
        data = file.read()
    strange = [hex(marker) for marker in segments(data) if marker not in PLAIN]
    preview = Image.open(path)
    told = [name for name in ("exif", "icc_profile", "xmp", "comment", "photoshop") if name in preview.info]
    if preview.format != "JPEG":
        problems.append(f"{role}: is {preview.format}")
    if strange or told or dict(preview.getexif()):
        problems.append(f"{role}: carries {strange} {told}")
    if max(preview.size) != min(bound, max(upright.size)):
        problems.append(f"{role}: {preview.size} of {upright.size}, the bound is {bound}")
    scale = max(preview.size) / max(upright.size)
    if any(abs(ours - theirs * scale) > 1 for ours, theirs in zip(preview.size, upright.size)):
        problems.append(f"{role}: {preview.size} is stretched from {upright.size}")
    ours = preview.convert("RGB")
    right = difference(ours, upright.resize(ours.size, Image.Resampling.LANCZOS))
    turned = {}
    for turn in TURNS:
        other = upright.transpose(turn).resize(ours.size, Image.Resampling.BILINEAR)
        turned[turn.name.lower()] = round(difference(ours, other), 2)
    if right > 12:
        problems.append(f"{role}: differs by {right:.2f}")
    closest = min(turned, key=turned.get)
    if right > turned[closest] / 2:
        problems.append(f"{role}: differs by {right:.2f}, by {turned[closest]} if {closest}")
    return {"size": ours.size, "upright": round(right, 2), "turned": turned}


def main():
    original, display, thumbnail = sys.argv[1:]
    upright = ImageOps.exif_transpose(Image.open(original)).convert("RGB")
    summary = {
        "original": upright.size,
        "display": look("display", display, 2048, upright),
        "thumbnail": look("thumbnail", thumbnail, 320, upright),
        "problems": problems,
    }
    print(json.dumps(summary))
    sys.exit(1 if problems else 0)


main()
