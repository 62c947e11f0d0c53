// Numbers, sizes and times as people of a language read them.

import type { Language } from './texts';

// Formats are dear to make (0.1 ms) and cheap to use.
function kept<O, F>(make: (language: Language, options: O) => F): (l: Language, options: O) => F {
  const known = new Map<string, F>();
  return (language, options) => {
    const name = language + JSON.stringify(options);
    const format = known.get(name) ?? make(language, options);
    known.set(name, format);
    return format;
  };
}

const numberFormat = kept(
  (language, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(language, options),
);
const dateFormat = kept(
  (language, options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(language, { ...options, hourCycle: 'h23' }),
);
const agoFormat = kept(
  (language, options: Intl.RelativeTimeFormatOptions) =>
    new Intl.RelativeTimeFormat(language, options),
);

/** 7, 1,234, 12.3K. */
export function count(value: number, language: Language): string {
  const isLarge = Math.abs(value) >= 10_000;
  return numberFormat(
    language,
    isLarge ? { notation: 'compact', maximumFractionDigits: 1 } : { maximumFractionDigits: 0 },
  ).format(value);
}

/** A rate: one digit after the point below 100. */
export function rate(value: number, language: Language): string {
  return value >= 100
    ? count(value, language)
    : numberFormat(language, { maximumFractionDigits: 1 }).format(value);
}

export function percent(value: number, language: Language): string {
  const digits = value > 0 && value < 10 ? 1 : 0;
  return `${numberFormat(language, { maximumFractionDigits: digits }).format(value)}%`;
}

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** 999 B, 1.2 kB, 34 MB: by thousands. */
export function bytes(value: number, language: Language): string {
  let unit = 0;
  let size = value;
  while (size >= 999.5 && unit < SIZES.length - 1) {
    size /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && size < 9.95 ? 1 : 0;
  const text = numberFormat(language, { maximumFractionDigits: digits }).format(size);
  return `${text} ${SIZES[unit]}`;
}

/** 0.4 ms, 12 ms, 1.2 s; a dash for what was not measured. */
export function milliseconds(value: number | null, language: Language): string {
  if (value === null) return '–';
  const [shown, unit] = value >= 1000 ? [value / 1000, 's'] : [value, 'ms'];
  const digits = shown < 10 ? 1 : 0;
  return `${numberFormat(language, { maximumFractionDigits: digits }).format(shown)} ${unit}`;
}

const UNITS: [Intl.RelativeTimeFormatUnit & ('day' | 'hour' | 'minute' | 'second'), number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

/** The largest unit that fits, and how many of it. */
function inLargestUnit(seconds: number): ['day' | 'hour' | 'minute' | 'second', number] {
  for (const [unit, length] of UNITS) {
    if (seconds >= length) return [unit, Math.floor(seconds / length)];
  }
  return ['second', 0];
}

/** How long ago: "12s ago", "12秒前". */
export function ago(then: string | null, now: number, language: Language): string {
  const time = then === null ? NaN : Date.parse(then);
  if (Number.isNaN(time)) return '–';
  const [unit, number] = inLargestUnit(Math.max(0, (now - time) / 1000));
  return agoFormat(language, { style: 'narrow' }).format(-number, unit);
}

/** For how long: "3 hr", "3小时". */
export function lasting(seconds: number, language: Language): string {
  const [unit, number] = inLargestUnit(Math.max(0, seconds));
  return numberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(number);
}

const at = (time: string | number, language: Language, options: Intl.DateTimeFormatOptions) => {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? '' : dateFormat(language, options).format(date);
};

/** The clock's time of that moment, where the reader is. */
export const clock = (time: string | number, language: Language): string =>
  at(time, language, { timeStyle: 'medium' }) || '–';

/** Day and time, for a title. */
export const moment = (time: string | null, language: Language): string =>
  at(time ?? NaN, language, { dateStyle: 'medium', timeStyle: 'medium' });

/** The day alone. */
export const day = (time: string, language: Language): string =>
  at(time, language, { dateStyle: 'medium' });
