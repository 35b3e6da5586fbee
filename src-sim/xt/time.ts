import {
  type Choice,
  compare,
  defineMatch,
  fails,
  given as gives,
  mismatch,
  option,
  type Parsed,
  same,
  saved,
} from './define';
import { NO_PACKET } from './region';
import { allParsed, bad, flag, mapParsed, ok, parseNumberIn, word } from './value-types';

const DAY_SECONDS = 86_400;

/** Seconds since midnight. @see extensions/libxt_time.c: time_parse_minutes */
const timeOfDay = word<number>(
  'time of day, hh:mm[:ss]',
  (text) => {
    const [, hours = '', minutes = '', seconds = '0'] = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?$/.exec(text) ?? [];
    const wrong = hours === '' || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59;
    return wrong
      ? bad(`"${text}" is not a time of day`)
      : ok(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
  },
  (time) => [time / 3600, (time / 60) % 60, time % 60].map(twoDigits).join(':'),
);

function twoDigits(number: number): string {
  return String(Math.floor(number)).padStart(2, '0');
}

/** `2020-05-01T10:00:00`, of which the end may be missing; the value is whole. */
const date = word<string>('date, YYYY[-MM[-DD[Thh[:mm[:ss]]]]]', (text) => {
  const match = /^(\d{4})(?:-(\d\d?)(?:-(\d\d?)(?:T(\d\d?)(?::(\d\d?)(?::(\d\d?))?)?)?)?)?$/.exec(text);
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = (match ?? [])
    .slice(1)
    .map((part) => (part === undefined ? undefined : Number(part)));
  const wrong =
    !match || year > 2038 || year < 1970 || month > 12 || day > 31 || hour > 23 || minute > 59 || second > 59;
  if (wrong) return bad(`"${text}" is not a date`);
  return ok(`${year}-${twoDigits(month)}-${twoDigits(day)}T${[hour, minute, second].map(twoDigits).join(':')}`);
});

/** The last second that 32 bits hold: what iptables-save prints where no end was given. */
const END_OF_TIME = '2038-01-19T03:14:07';

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
const WEEKDAY_CHOICES: readonly Choice[] = WEEKDAYS.map((text, index) => ({ text, summary: `day ${index + 1}` }));
const MONTH_DAYS = Array.from({ length: 31 }, (_, index) => index + 1);

/** Days by number, 1 to 7, Monday first; in words two letters are enough. */
const weekdays = word<readonly number[]>(
  'list of weekdays',
  (text) => mapParsed(allParsed(text.split(',').map(readWeekday)), inOrder),
  (days) => days.map((day) => WEEKDAYS[day - 1]).join(','),
  WEEKDAY_CHOICES,
);

function readWeekday(text: string): Parsed<number> {
  const named = WEEKDAYS.findIndex((name) => text.length >= 2 && name.startsWith(text));
  if (named !== -1) return ok(named + 1);
  const number = parseNumberIn(text, 1, 7);
  return number.ok ? number : bad(`"${text}" is not a weekday`);
}

const monthDays = word<readonly number[]>(
  'list of days of the month',
  (text) => mapParsed(allParsed(text.split(',').map((day) => parseNumberIn(day, 1, 31))), inOrder),
  (days) => days.join(','),
);

function inOrder(days: readonly number[]): readonly number[] {
  return [...new Set(days)].sort((a, b) => a - b);
}

export const time = defineMatch({
  name: 'time',
  families: ['ipv4', 'ipv6'],
  summary: 'The time of day, the day of the week or month, a span of dates.',
  details: [
    'Times are **UTC** unless `--kerneltz` says otherwise, and the kernel does not know summer time. Where the',
    'stop lies before the start the span goes over midnight, and belongs to the day on which each part of it',
    'falls unless `--contiguous` is given.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_time.c:time_mt',
  options: {
    timestart: option(timeOfDay, 'From this time of day.'),
    timestop: option(timeOfDay, 'Until this time of day.'),
    monthdays: option(monthDays, 'On these days of the month.', { invert: true }),
    weekdays: option(weekdays, 'On these days of the week.', { invert: true }),
    datestart: option(date, 'Not before this date.'),
    datestop: option(date, 'Not after this date.'),
    kerneltz: option(flag, "Times are those of the kernel's time zone.", { aliases: ['localtz'], excludes: ['utc'] }),
    contiguous: option(flag, 'A span over midnight belongs to the day on which it starts.'),
    utc: option({ ...flag, omitted: () => true }, 'Times are UTC: the default.', { excludes: ['kerneltz'] }),
  },
  examples: [
    saved(
      '-m time --timestart 8:00 --timestop 18:00:30 --weekdays Mon,2,We',
      '-m time --timestart 08:00:00 --timestop 18:00:30 --weekdays Mon,Tue,Wed --datestop 2038-01-19T03:14:07',
    ),
    saved(
      '-m time ! --weekdays Sat,Sun --kerneltz',
      '-m time --weekdays Mon,Tue,Wed,Thu,Fri --datestop 2038-01-19T03:14:07 --kerneltz',
    ),
    saved(
      '-m time --datestart 2020-05-01T10:00 --datestop 2021',
      '-m time --datestart 2020-05-01T10:00:00 --datestop 2021-01-01T00:00:00',
    ),
    saved(
      '-m time --timestart 23:59:59',
      '-m time --timestart 23:59:59 --timestop 23:59:59 --datestop 2038-01-19T03:14:07',
    ),
    same('-m time --timestart 22:00:00 --timestop 06:00:00 --datestop 2038-01-19T03:14:07 --contiguous'),
    fails('-m time --timestart 25:00', 'not a time'),
    fails('-m time --weekdays mon', 'not a weekday'),
    fails('-m time --monthdays 32', 'out of range'),
    fails('-m time --contiguous', 'stop before the start'),
  ],
  refuses({ timestart, timestop, contiguous }) {
    const start = timestart?.value ?? 0;
    const stop = timestop?.value ?? DAY_SECONDS - 1;
    return contiguous && stop >= start ? '--contiguous needs a stop before the start' : undefined;
  },
  canonical(given) {
    const { timestart, timestop, monthdays, weekdays: days, datestop, ...rest } = given;
    const timed = timestart ?? timestop;
    return {
      ...rest,
      ...(timed && { timestart: timestart ?? gives(0), timestop: timestop ?? gives(DAY_SECONDS - 1) }),
      ...(monthdays && savedDays('monthdays', monthdays.value, monthdays.inverted, MONTH_DAYS)),
      ...(days && savedDays('weekdays', days.value, days.inverted, [1, 2, 3, 4, 5, 6, 7])),
      datestop: datestop ?? gives(END_OF_TIME),
    };
  },
  matches(_packet, given, { instant }) {
    if (instant === undefined) return { kind: 'unsure', reason: 'the scenario does not say when it begins' };
    const now = Math.floor(instant);
    const saw = new Date(now * 1000).toUTCString();
    const [first, last] = [secondsOf(given.datestart?.value) ?? 0, secondsOf(given.datestop?.value) ?? LAST_SECOND];
    if (now < first || now > last) return mismatch(given.datestart ? 'datestart' : 'datestop', `it is ${saw}`);
    const [start, stop] = [given.timestart?.value ?? 0, given.timestop?.value ?? DAY_SECONDS - 1];
    const time = now % DAY_SECONDS;
    if (!isBetween(time, start, stop)) return mismatch(given.timestart ? 'timestart' : 'timestop', `it is ${saw}`);
    const began = given.contiguous && start >= stop && time <= stop ? now - DAY_SECONDS : now;
    const day = new Date(began * 1000);
    const { weekdays: days, monthdays } = given;
    const onDay = days
      ? compare('weekdays', days, days.value.includes(day.getUTCDay() || 7), () => `it is ${saw}`)
      : true;
    if (onDay !== true || monthdays === undefined) return onDay;
    return compare('monthdays', monthdays, monthdays.value.includes(day.getUTCDate()), () => `it is ${saw}`);
  },
  region({ datestart, datestop }) {
    const isBackwards = (secondsOf(datestart?.value) ?? 0) > (secondsOf(datestop?.value) ?? LAST_SECOND);
    return isBackwards ? NO_PACKET : [{ conditions: [], exact: false }];
  },
});

/** A span over midnight has its stop before its start, or at it. */
function isBetween(time: number, start: number, stop: number): boolean {
  return start < stop ? time >= start && time <= stop : time >= start || time <= stop;
}

/** @see END_OF_TIME */
const LAST_SECOND = 2 ** 31 - 1;

function secondsOf(date: string | undefined): number | undefined {
  if (date === undefined) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = date.split(/\D/).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

/** What is negated is told the kernel as the other days; all days are not printed. */
function savedDays(name: string, days: readonly number[], inverted: boolean, all: readonly number[]): object {
  const meant = all.filter((day) => days.includes(day) !== inverted);
  return meant.length === all.length ? {} : { [name]: gives(meant) };
}
