// Times in the city's own zone, whatever the zone of the browser.

import { TZDate } from '@date-fns/tz';
import { language } from './index.svelte';

/** The city's zone, and the server's time of now, which moves every half minute so that deadlines count down. */
export const clock = $state({ zone: 'Asia/Shanghai', now: Date.now() });

/** By how much this machine's clock is behind the server's, in milliseconds. */
let behind = 0;

/** Takes the time from a reply's `Date`: deadlines are the server's, and the clock of a desk may be wrong by hours. */
export function heard(date: string | null): void {
  const time = date ? Date.parse(date) : NaN;
  // Seconds and the way of the reply make a difference that is none.
  if (!Number.isNaN(time) && Math.abs(time - Date.now() - behind) > 5_000) {
    behind = time - Date.now();
    clock.now = Date.now() + behind;
  }
}

setInterval(() => (clock.now = Date.now() + behind), 30_000);

const made = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const locale = language.current === 'zh' ? 'zh-CN' : 'en-GB';
  const key = `${locale} ${clock.zone} ${JSON.stringify(options)}`;
  let known = made.get(key);
  if (!known) {
    known = new Intl.DateTimeFormat(locale, { ...options, timeZone: clock.zone });
    made.set(key, known);
  }
  return known;
}

/** Day and minute. */
export function at(time: string | undefined | null): string {
  if (!time) return '';
  const when = new Date(time);
  if (Number.isNaN(when.getTime())) return time;
  return format({ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(when);
}

export function day(time: string | undefined | null): string {
  if (!time) return '';
  return format({ year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date(time));
}

/** How long between now and `time` in the largest fitting unit, without a sign. */
export function span(time: string): { text: string; over: boolean } {
  const ms = new Date(time).getTime() - clock.now;
  const minutes = Math.round(Math.abs(ms) / 60_000);
  const [amount, unit] =
    minutes < 120 ? [minutes, 'minute'] : minutes < 48 * 60 ? [Math.round(minutes / 60), 'hour'] : [Math.round(minutes / 1440), 'day'];
  const locale = language.current === 'zh' ? 'zh-CN' : 'en-GB';
  const text = new Intl.NumberFormat(locale, { style: 'unit', unit: unit as string, unitDisplay: 'long' }).format(amount as number);
  return { text, over: ms < 0 };
}

/** The instant of a `datetime-local` value in the city's zone, as the API writes it. */
export function instant(local: string): string {
  const [date = '', time = '00:00'] = local.split('T');
  const [year = 0, month = 1, dayOfMonth = 1] = date.split('-').map(Number);
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return new Date(new TZDate(year, month - 1, dayOfMonth, hour, minute, 0, clock.zone).getTime()).toISOString();
}

/** The `datetime-local` value of an instant in the city's zone. */
export function local(time: string | number): string {
  const when = new TZDate(new Date(time).getTime(), clock.zone);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}T${two(when.getHours())}:${two(when.getMinutes())}`;
}
