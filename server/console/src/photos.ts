// A finding's photos as the pages show them: where each picture is, and whether it has come.

import type { Finding, Photo, Preview } from './api/types';

export interface Picture {
  id: string;
  photo: Photo;
  preview: Preview | undefined;
  /** Shows how it is after it was dealt with. */
  after: boolean;
}

const ORDER = ['wide', 'close', 'reference', '', 'after'];

/** Before comes first, the wide view before the close one; of one sort, what was taken first. */
export function picturesOf(finding: Finding): Picture[] {
  const pictures = Object.entries(finding.photos).map(([id, photo]) => ({
    id,
    photo,
    preview: finding.previews?.[id],
    after: photo.shows === 'after',
  }));
  const rank = ({ photo }: Picture) => ORDER.indexOf(photo.shows ?? '');
  return pictures.sort((a, b) => rank(a) - rank(b) || (a.photo.taken ?? '').localeCompare(b.photo.taken ?? '') || a.id.localeCompare(b.id));
}

/** The address of a file, which is named by its hash. */
export function fileAt(hash: string): string {
  return `/v1/blobs/${encodeURIComponent(hash)}`;
}

export function displayOf(picture: Picture): string {
  return fileAt(picture.preview?.display ?? picture.photo.original);
}

export function thumbnailOf(picture: Picture): string {
  return fileAt(picture.preview?.thumbnail ?? picture.photo.original);
}
