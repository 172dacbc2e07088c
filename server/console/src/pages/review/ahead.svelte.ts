// What may be the same as the findings ahead: asked for before it is looked at, and again once it may be old.

import { alike } from '../../api/client.svelte';
import type { Finding } from '../../api/types';
import { displayOf, picturesOf } from '../../photos';

/** Milliseconds after which what was asked for is asked for again when its finding is shown. */
const OLD = 60_000;
/** Pictures of a finding that are fetched before it is looked at. */
const PICTURES = 3;

export class Ahead {
  #near = $state.raw<Record<string, Finding[]>>({});
  /** When each was asked for last. */
  #asked = new Map<string, number>();
  #pictured = new Set<string>();

  of(id: string): Finding[] {
    return this.#near[id] ?? [];
  }

  /** Sees to it that what is known of a finding that is looked at soon is there, and not old. */
  want(finding: Finding, now = performance.now()): void {
    this.#picture(finding);
    if (now - (this.#asked.get(finding.id) ?? -Infinity) < OLD) return;
    this.#asked.set(finding.id, now);
    const latest = () => this.#asked.get(finding.id) === now;
    alike(finding.id).then(
      ({ lines }) => {
        if (latest()) this.#near = { ...this.#near, [finding.id]: lines };
      },
      () => {
        if (latest()) this.#asked.delete(finding.id);
      },
    );
  }

  /** Some finding changed: it may be near any of them. */
  changed(): void {
    this.#asked.clear();
  }

  #picture(finding: Finding): void {
    if (this.#pictured.has(finding.id)) return;
    this.#pictured.add(finding.id);
    for (const picture of picturesOf(finding).slice(0, PICTURES)) new Image().src = displayOf(picture);
  }
}
