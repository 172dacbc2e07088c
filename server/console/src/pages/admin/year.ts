// A year of the office's calendar as twelve months of days.

export type DayKind = 'off' | 'work';

export interface Day {
  /** Such as `2026-02-17`. */
  date: string;
  number: number;
  /** Column in a week that begins on Monday, from 1. */
  column: number;
  /** True for Saturday and Sunday. */
  weekend: boolean;
}

export function months(year: number): Day[][] {
  return Array.from({ length: 12 }, (_, month) => {
    const days = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
    return Array.from({ length: days }, (_, at) => {
      const date = new Date(Date.UTC(year, month, at + 1));
      const weekday = date.getUTCDay();
      return { date: date.toISOString().slice(0, 10), number: at + 1, column: ((weekday + 6) % 7) + 1, weekend: weekday === 0 || weekday === 6 };
    });
  });
}

/** Whether the office works on a day. */
export function worked(day: Day, days: Record<string, DayKind>): boolean {
  const kind = days[day.date];
  return kind ? kind === 'work' : !day.weekend;
}

/** The calendar with a day turned over: what its weekday says needs no word. */
export function turned(day: Day, days: Record<string, DayKind>): Record<string, DayKind> {
  const now = !worked(day, days);
  const { [day.date]: _, ...others } = days;
  return now === !day.weekend ? others : { ...others, [day.date]: now ? 'work' : 'off' };
}

/** What is said of a changed calendar: days that differ, and null for those that are as their weekday says again. */
export function changed(before: Record<string, DayKind>, after: Record<string, DayKind>): Record<string, DayKind | null> {
  const said: Record<string, DayKind | null> = {};
  for (const [date, kind] of Object.entries(after)) if (before[date] !== kind) said[date] = kind;
  for (const date of Object.keys(before)) if (!(date in after)) said[date] = null;
  return said;
}

export type Hours = [string, string][];

/** What was changed of a year and not saved yet. */
export interface Edit {
  /** Days that differ from what stands; null for those that are as their weekday says again. */
  days: Record<string, DayKind | null>;
  hours?: Hours;
  /** The version that it began from; none of a year that has no calendar. */
  base?: number;
}

export interface Standing {
  days: Record<string, DayKind>;
  hours: Hours;
}

const alike = (one: Hours, other: Hours) => JSON.stringify(one) === JSON.stringify(other);

/** A year as it will be once what was changed is saved, on top of what stands now. */
export function applied({ days, hours }: Standing, edit: Edit | undefined): Standing {
  const all = Object.entries({ ...days, ...edit?.days }).filter((one): one is [string, DayKind] => one[1] !== null);
  return { days: Object.fromEntries(all), hours: edit?.hours ?? hours };
}

/** What is still to be said when `wanted` shall stand; nothing where it stands already. */
export function edited(stands: Standing, wanted: Standing, base: number | undefined): Edit | undefined {
  const days = changed(stands.days, wanted.days);
  const hours = alike(stands.hours, wanted.hours) ? undefined : wanted.hours;
  return Object.keys(days).length || hours ? { days, hours, base } : undefined;
}

/** The body of an amendment. */
export function amendment({ days, hours }: Edit): Record<string, unknown> {
  return { ...(Object.keys(days).length ? { days } : {}), ...(hours ? { hours } : {}) };
}
